import { afterAll, beforeAll, expect, it } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway, type RunningGateway } from '../../system/harness/start-gateway.ts'

let ollama: FakeOllama
let gateway: RunningGateway

beforeAll(async () => {
  ollama = await startFakeOllama({ models: [{ name: 'tiny' }] })
  gateway = await startGateway({
    config: { auth: { mode: 'none' }, upstreams: [{ name: 'fake', url: ollama.url }] },
  })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await ollama[Symbol.asyncDispose]()
})

// What a page may send anywhere without a preflight.
it.each(['https://evil.example', 'null'])('without keys a page of %s cannot have anything done', async (origin) => {
  const send = (path: string): Promise<Response> =>
    fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { origin, 'content-type': 'text/plain' },
      body: '{"model":"other","stream":false}',
    })
  for (const path of ['/api/pull', '/api/generate', '/api/push', '/v1/chat/completions']) {
    const answer = await send(path)
    expect([path, answer.status, answer.headers.get('corral-error')]).toEqual([path, 403, 'origin_denied'])
  }
  expect(ollama.counters.snapshot().last.filter((request) => request.method === 'POST')).toEqual([])
})
