import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openWorkspace } from '../../docs/page-workspace.ts'

const uuidKey = (digit: string): string => `OLLAMA-${digit.repeat(8)}-1111-4111-8111-${digit.repeat(12)}`
const [first, second, added] = [uuidKey('a'), uuidKey('b'), uuidKey('c')]

/** The promise is a second; what is beyond it is the machine's. */
const withinMs = 2_500

it('a clone, authTokens.json and a config of one line are a key proxy', async () => {
  await using machine = await openWorkspace()
  const tokensFile = join(machine.folder, 'authTokens.json')
  await writeFile(tokensFile, JSON.stringify([first, second]))
  await writeFile(join(machine.folder, 'corral.yaml'), 'auth: {tokens_file: authTokens.json}\n')
  await machine.shell('npm ci && npm start')
  const url = machine.filledIn('http://127.0.0.1:11435')

  async function statusOf(key: string): Promise<number> {
    const body = JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'hello' }], stream: false })
    const headers = { authorization: `Bearer ${key}` }
    const response = await fetch(`${url}/api/chat`, { method: 'POST', headers, body })
    const text = await response.text()
    if (response.status === 200) expect(JSON.parse(text)).toMatchObject({ model: 'tiny', done: true })
    return response.status
  }

  async function until(status: number, key: string): Promise<void> {
    const end = performance.now() + withinMs
    while ((await statusOf(key)) !== status) {
      if (performance.now() > end) throw new Error(`no ${status} within ${withinMs} ms`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  expect(machine.filledIn('KEY'), 'no first key is made beside the file').toBe('KEY')
  expect([await statusOf(first), await statusOf(second)]).toEqual([200, 200])
  expect([await statusOf(added), await statusOf(first.slice(0, -1)), await statusOf('')]).toEqual([401, 401, 401])

  await writeFile(tokensFile, JSON.stringify([first, second, added]))
  await until(200, added)
  await writeFile(`${tokensFile}.new`, JSON.stringify([second, added]))
  await rename(`${tokensFile}.new`, tokensFile)
  await until(401, first)
  expect([await statusOf(second), await statusOf(added)]).toEqual([200, 200])
})
