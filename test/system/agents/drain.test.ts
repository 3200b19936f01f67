import { describe, expect, it, onTestFinished } from 'vitest'
import { startFaultRelay } from '../../fakes/fault-relay/fault-relay.ts'
import { type AgentScene, shownUpstreams, startAgentScene, tunnels, untilState } from '../harness/agent-before.ts'
import { startGateway, type GatewayOptions } from '../harness/start-gateway.ts'
import { readStream, type StreamResult } from '../harness/stream-client.ts'

async function start(options: GatewayOptions = {}): Promise<AgentScene> {
  const scene = await startAgentScene(options)
  onTestFinished(() => scene[Symbol.asyncDispose]())
  return scene
}

/** An answer of so many tokens; `begun` with its first bytes. */
function stream(
  { gateway, key }: Pick<AgentScene, 'gateway' | 'key'>,
  tokens: number,
): { readonly begun: Promise<void>; readonly ended: Promise<StreamResult> } {
  let begin = (): void => undefined
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const ended = readStream(`${gateway.url}/api/generate`, {
    headers: { authorization: `Bearer ${key}` },
    body: { model: 'tiny', prompt: 'hello', options: { num_predict: tokens } },
    onChunk: () => begin(),
  })
  return { begun, ended }
}

const SLOW = { tokensPerSecond: 40, answerTokens: 100_000 }

describe.each(tunnels)('via %s', (transport) => {
  it('an agent that is told to stop ends what it has, takes nothing new, and exits with 0', async () => {
    const scene = await start()
    const leaving = await scene.addAgent({ transport, fake: SLOW })
    const running = stream(scene, 60)
    await running.begun
    const staying = await scene.addAgent({ transport })
    const exited = leaving.agent.stop('SIGTERM')
    await untilNotUp(scene, leaving.agent.id)
    for (let i = 0; i < 3; i += 1) {
      expect(await stream(scene, 2).ended).toMatchObject({ status: 200, ending: 'complete' })
    }
    const answer = await running.ended
    expect(answer).toMatchObject({ status: 200, ending: 'complete', rest: '' })
    expect(answer.events).toHaveLength(61)
    expect(answer.events.at(-1)?.text).toContain('"done":true')
    expect(await exited).toBe(0)
    expect(leaving.fake.counters.requestsTo('/api/generate')).toHaveLength(1)
    expect(staying.fake.counters.requestsTo('/api/generate')).toHaveLength(3)
  })

  it('an agent that drains alone is away, not without the model', async () => {
    const scene = await start()
    const { agent } = await scene.addAgent({ transport, fake: SLOW })
    const running = stream(scene, 60)
    await running.begun
    const exited = agent.stop('SIGTERM')
    await untilNotUp(scene, agent.id)
    expect(await stream(scene, 2).ended).toMatchObject({ status: 503, headers: { 'corral-error': 'no_upstream' } })
    expect((await running.ended).ending).toBe('complete')
    expect(await exited).toBe(0)
    await untilState(scene.gateway, agent.id, 'down')
    expect(await stream(scene, 2).ended).toMatchObject({ status: 503, headers: { 'corral-error': 'no_upstream' } })
  })

  it('an agent whose drain is over says so in the stream, and a second signal ends it at once', async () => {
    const scene = await start()
    const { agent, fake } = await scene.addAgent({ transport, fake: SLOW, args: ['--drain', '1s'] })
    const running = stream(scene, 100_000)
    await running.begun
    expect(await agent.stop('SIGTERM')).toBe(0)
    expectCut(await running.ended)
    await fake.counters.until((snapshot) => snapshot.running === 0)
    const other = await scene.addAgent({ id: agent.id, transport, fake: SLOW })
    const again = stream(scene, 100_000)
    await again.begun
    other.agent.signal('SIGTERM')
    await untilNotUp(scene, agent.id)
    expect(await other.agent.stop('SIGTERM')).not.toBe(0)
    expectCut(await again.ended)
  })

  it('a gateway that is told to stop ends what runs, and its agents come back to the next one', async () => {
    const scene = await start({ config: { drain: '10s' } })
    await using relay = await startFaultRelay(scene.gateway.url)
    const { agent } = await scene.addAgent({ transport, server: relay.url, fake: SLOW })
    const running = stream(scene, 60)
    await running.begun
    const stopped = scene.gateway.stop('SIGTERM')
    const answer = await running.ended
    expect(answer).toMatchObject({ status: 200, ending: 'complete', rest: '' })
    expect(answer.events).toHaveLength(61)
    expect(await stopped).toBe(0)
    await using next = await startGateway({ folder: scene.gateway.folder })
    relay.aim(next.url)
    await agent.connected(2, 20_000)
    await untilState(next, agent.id, 'up', { key: scene.key })
    expect(await stream({ gateway: next, key: scene.key }, 2).ended).toMatchObject({ status: 200, ending: 'complete' })
  })

  it('a gateway that is killed is found again by its agents, who have let go of what it asked for', async () => {
    const scene = await start()
    await using relay = await startFaultRelay(scene.gateway.url)
    const { agent, fake } = await scene.addAgent({ transport, server: relay.url, fake: SLOW })
    const running = stream(scene, 100_000)
    await running.begun
    await scene.gateway.kill9()
    await expect(running.ended).resolves.toMatchObject({ ending: 'broken' })
    await fake.counters.until((snapshot) => snapshot.running === 0)
    await using next = await startGateway({ folder: scene.gateway.folder })
    relay.aim(next.url)
    await agent.connected(2, 20_000)
    await untilState(next, agent.id, 'up', { key: scene.key })
    expect(await stream({ gateway: next, key: scene.key }, 2).ended).toMatchObject({ status: 200, ending: 'complete' })
    expect(await agent.stop()).toBe(0)
  })
})

async function untilNotUp({ gateway }: AgentScene, name: string): Promise<void> {
  await expect
    .poll(async () => (await shownUpstreams(gateway)).find((each) => each.name === name)?.state, {
      timeout: 5000,
      interval: 10,
    })
    .not.toBe('up')
}

/** Told in the stream that it is not whole. */
function expectCut(answer: StreamResult): void {
  expect(answer).toMatchObject({ status: 200, rest: '' })
  expect(answer.text).not.toContain('"done":true')
  expect(JSON.parse(answer.events.at(-1)?.text ?? '')).toEqual({ error: expect.any(String) })
}
