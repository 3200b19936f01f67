import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway } from './start-gateway.ts'
import { readStream } from './stream-client.ts'

it('starts a gateway as automation does, with a key that works', async () => {
  await using fake = await startFakeOllama({ tokensPerSecond: 100 })
  await using gateway = await startGateway({ viaNpm: true, config: { upstreams: [{ name: 'fake', url: fake.url }] } })
  expect(gateway.stdout()).toMatch(/^corral ready http:\/\/127\.0\.0\.1:\d+\n$/)
  const headers = { authorization: `Bearer ${gateway.adminKey}` }
  const body = { model: 'tiny', prompt: 'x', options: { num_predict: 5 } }
  const answer = await readStream(`${gateway.url}/api/generate`, { headers, body })
  expect(answer).toMatchObject({ status: 200, ending: 'complete', rest: '' })
  expect(answer.events).toHaveLength(6)
  expect(answer.events[4]?.at).toBeGreaterThan((answer.events[0]?.at ?? Infinity) + 20)
})

it('starts again in the folder of one that was killed, and leaves no folder of its own', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'corral-again-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await using first = await startGateway({ folder })
  const key = await first.createKey({ name: 'kept', scopes: ['chat'] })
  await first.kill9()
  await using second = await startGateway({ folder })
  const listed = await second.cli('key', 'list', '--json')
  expect(JSON.parse(listed.stdout)).toContainEqual(expect.objectContaining({ name: 'kept' }))
  expect(key).toMatch(/^crl_/)
  expect(await second.stop('SIGTERM')).toBe(0)
  const third = await startGateway()
  await third[Symbol.asyncDispose]()
  expect([existsSync(third.folder), existsSync(folder)]).toEqual([false, true])
})

// npm's shell passes no signal on; the script in package.json begins with `exec` so that there is none.
it('SIGTERM to npm drains the gateway and exits 0', async () => {
  await using gateway = await startGateway({ viaNpm: true })
  expect(await gateway.stop('SIGTERM')).toBe(0)
  await expect(fetch(gateway.url)).rejects.toThrow('fetch failed')
})
