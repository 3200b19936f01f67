import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startHttpRelay, type HttpRelay } from '../../fakes/fault-relay/http-relay.ts'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startFaultRelay } from '../../fakes/fault-relay/fault-relay.ts'
import { type AgentScene, startAgentScene, untilState } from '../../system/harness/agent-before.ts'
import { type AgentOptions, startAgent, type StartedAgent } from '../../system/harness/start-agent.ts'

let scene: AgentScene
let proxy: HttpRelay
let fake: FakeOllama
beforeAll(async () => {
  scene = await startAgentScene()
  // Knows nothing of WebSockets.
  proxy = await startHttpRelay(scene.gateway.url)
  fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
})
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await proxy[Symbol.asyncDispose]()
  await fake.stop()
})

async function start(id: string, options: Partial<AgentOptions>): Promise<StartedAgent> {
  const defaults = { id, key: scene.agentKey, ollama: fake.url, server: proxy.url, connectedMs: 25_000 }
  const agent = await startAgent({ ...defaults, ...options })
  onTestFinished(() => agent[Symbol.asyncDispose]())
  return agent
}

it('auto: behind a proxy that lets no WebSocket through, an agent comes by SSE, and remembers', async () => {
  await using line = await startFaultRelay(proxy.url)
  const agent = await start('fallen', { transport: 'auto', server: line.url })
  expect(agent.connections()).toEqual(['sse'])
  await untilState(scene.gateway, 'fallen', 'up')
  const triedWebSocket = proxy.statuses('/agent/v1').length
  expect(triedWebSocket).toBeGreaterThan(0)
  line.reset()
  await agent.connected(2, 20_000)
  expect(agent.connections()).toEqual(['sse', 'sse'])
  expect(proxy.statuses('/agent/v1')).toHaveLength(triedWebSocket)
})

it('ws: behind such a proxy an agent says what is in the way, and goes on trying', async () => {
  const agent = await start('stubborn', { transport: 'ws', unawaited: true })
  await agent.said(/not connected: .+/)
  expect(agent.connections()).toEqual([])
  expect(await agent.stop()).toBe(0)
})

it('auto: an agent that came by WebSocket keeps to it, whatever happens to its gateway', async () => {
  await using line = await startFaultRelay(scene.gateway.url)
  const agent = await start('steady', { transport: 'auto', server: line.url })
  for (let times = 2; times <= 3; times += 1) {
    line.reset()
    await agent.connected(times, 20_000)
  }
  expect(new Set(agent.connections())).toEqual(new Set(['ws']))
})
