import { expect, it } from 'vitest'
import { startGateway } from '../harness/start-gateway.ts'

const KEYS = 2000

it('answers others while very many keys are imported', async () => {
  await using gateway = await startGateway()
  const secrets = Array.from({ length: KEYS }, (_, at) => `from-elsewhere-${String(at).padStart(5, '0')}`)
  let isOver = false
  const importing = fetch(`${gateway.url}/admin/keys/import`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}` },
    body: JSON.stringify({ user: 'admin', text: JSON.stringify(secrets) }),
  }).finally(() => (isOver = true))
  let answered = 0
  while (!isOver) {
    expect((await fetch(`${gateway.url}/livez`)).status).toBe(200)
    answered++
  }
  const response = await importing
  expect(response.status).toBe(200)
  const { imported } = (await response.json()) as { imported: { name: string }[] }
  expect(imported.map(({ name }) => name).slice(0, 2)).toEqual(['imported-1', 'imported-2'])
  expect(imported).toHaveLength(KEYS)
  // Without turns for others the first one or two wait until all of it is done.
  expect(answered).toBeGreaterThan(5)
})
