import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

let fake: FakeOllama
let behind: RunningGateway
let alone: RunningGateway

beforeAll(async () => {
  fake = await startFakeOllama()
  const upstreams = [{ name: 'fake', url: fake.url }]
  behind = await startGateway({ config: { upstreams, trusted_proxies: ['127.0.0.0/8', '10.0.0.0/8'] } })
  alone = await startGateway({ config: { upstreams } })
})
afterAll(async () => {
  await Promise.all([behind[Symbol.asyncDispose](), alone[Symbol.asyncDispose]()])
  await fake.stop()
})

async function wrongKey(gateway: RunningGateway, forwardedFor: string): Promise<number> {
  const headers = { authorization: 'Bearer crl_wrong', 'x-forwarded-for': forwardedFor }
  const response = await fetch(`${gateway.url}/api/tags`, { headers })
  await response.arrayBuffer()
  return response.status
}

async function guess(gateway: RunningGateway, forwardedFor: string): Promise<number | undefined> {
  let last: number | undefined
  for (let i = 0; i < 110; i += 1) last = await wrongKey(gateway, forwardedFor)
  return last
}

describe('the address that wrong keys are counted by', () => {
  it('is what a trusted proxy says', async () => {
    expect(await guess(behind, '203.0.113.1')).toBe(429)
    expect(await wrongKey(behind, '203.0.113.2')).toBe(401)
    // What stands further left the client wrote itself.
    expect(await wrongKey(behind, '203.0.113.9, 203.0.113.1, 10.1.2.3')).toBe(429)
    expect(await wrongKey(behind, '203.0.113.1, 203.0.113.3')).toBe(401)
  })

  it('is the peer where nobody is trusted, whatever it says', async () => {
    expect(await guess(alone, '203.0.113.1')).toBe(429)
    expect(await wrongKey(alone, '203.0.113.2')).toBe(429)
  })

  it('holds nobody up who has a key', async () => {
    const headers = { authorization: `Bearer ${alone.adminKey}` }
    expect((await fetch(`${alone.url}/api/tags`, { headers })).status).toBe(200)
  })
})
