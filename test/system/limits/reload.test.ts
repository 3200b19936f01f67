import { readFile, writeFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { startGatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'

it('limits that change while the gateway runs hold at once, for what was used before too', async () => {
  const limits = (requests: number): object => ({ defaults: { requests_per_minute: requests } })
  await using before = await startGatewayBefore({}, { config: { limits: limits(50) } })
  const { gateway } = before
  const ask = (key: string): Promise<Response> =>
    fetch(`${gateway.url}/api/show`, {
      ...{ method: 'POST', headers: { authorization: `Bearer ${key}` }, body: '{"model":"tiny"}' },
    })
  const change = async (requests: number): Promise<void> => {
    const config = JSON.parse(await readFile(gateway.configFile, 'utf8')) as object
    await writeFile(gateway.configFile, JSON.stringify({ ...config, limits: limits(requests) }))
    process.kill(gateway.pid, 'SIGHUP')
    // Each look is by a key of its own.
    const limit = async (): Promise<string | null> =>
      (await ask(await makeKey(gateway))).headers.get('x-ratelimit-limit-requests')
    await expect.poll(limit, { timeout: 5000 }).toBe(String(requests))
  }
  const key = await makeKey(gateway)
  for (let at = 0; at < 3; at++) expect((await ask(key)).status).toBe(200)

  await change(4)
  expect([(await ask(key)).status, (await ask(key)).status]).toEqual([200, 429])
  await change(6)
  // Refused ones were given back.
  expect([(await ask(key)).status, (await ask(key)).status, (await ask(key)).status]).toEqual([200, 200, 429])
})
