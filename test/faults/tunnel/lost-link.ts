import { describe, expect, it, onTestFinished } from 'vitest'
import type { TransportKind } from '../../../src/tunnel/wire/transport.ts'
import { startAgent } from '../../system/harness/start-agent.ts'
import type { StreamResult } from '../../system/harness/stream-client.ts'
import { asks, startTunnelScene, type TunnelScene, type TunnelSceneOptions } from './scene.ts'

const SLOW = { tokensPerSecond: 50, answerTokens: 100_000 }
/** ACCEPT is waited for 5 s; the rest of it is the other agent's. */
const FAILED_OVER_MS = 6_000
const HEARTBEAT_MS = 500
/** A link that is silent for four heartbeats is dead; the rest is for a machine that runs other things. */
const NOTICED_MS = 4 * HEARTBEAT_MS + 2_000

const messages = [{ role: 'user', content: 'hello' }]
const dialects = {
  ollama: { path: '/api/chat', body: { model: 'tiny', messages } },
  openai: { path: '/v1/chat/completions', body: { model: 'tiny', messages, stream: true } },
  responses: { path: '/v1/responses', body: { model: 'tiny', input: 'hello', stream: true } },
  anthropic: { path: '/v1/messages', body: { model: 'tiny', max_tokens: 100_000, messages, stream: true } },
} as const

/** The last words of each dialect where a stream failed. */
const lastWords: Readonly<Record<keyof typeof dialects, RegExp>> = {
  ollama: /^\{"error":"[^"]+"\}$/,
  openai: /^data: \{"error":\{"message":"[^"]+"/,
  responses: /^event: response\.failed\n/,
  anthropic: /^event: error\ndata: \{"type":"error"/,
}

/** Files of their own for each transport: most of the time here is spent on waiting. */
export function describeLostLinks(transport: TransportKind): void {
  describe(`links of agents via ${transport} that are lost`, () => {
    async function start(options: Partial<TunnelSceneOptions> = {}): Promise<TunnelScene> {
      const scene = await startTunnelScene({ transport, ...options })
      onTestFinished(() => scene[Symbol.asyncDispose]())
      return scene
    }

    it('a black hole before ACCEPT: another agent answers, once, unless it is what must not be done twice', async () => {
      const scene = await start()
      scene.relay.blackHole()
      const startedAt = performance.now()
      const pull = scene.stream({ path: '/api/pull', body: { model: 'fresh' } })
      const answer = await scene.stream({ tokens: 5 }).ended
      expect(performance.now() - startedAt).toBeLessThan(FAILED_OVER_MS)
      expectWhole(answer, 5)
      expect(answer.headers['corral-upstream']).toBe('far')
      expect(scene.far && asks(scene.far)).toBe(1)
      expect((await pull.ended).status).toBeGreaterThanOrEqual(500)
      expect(scene.far?.fake.counters.requestsTo('/api/pull')).toEqual([])
      scene.relay.go()
      await scene.near.fake.counters.until((snapshot) => snapshot.running === 0)
      const late = scene.near.fake.counters.requestsTo('/api/generate')
      expect(late.filter(({ ending }) => ending === 'complete')).toEqual([])
    })

    it('a black hole in the middle of streams: an error in each dialect within the heartbeat', async () => {
      const scene = await start({ heartbeat: `${HEARTBEAT_MS}ms`, fake: SLOW })
      const streams = Object.entries(dialects).map(([name, request]) => ({ name, streamed: scene.stream(request) }))
      await Promise.all(streams.map(({ streamed }) => streamed.begun))
      scene.relay.blackHole()
      const lostAt = performance.now()
      for (const { name, streamed } of streams)
        expectTold(await streamed.ended, lastWords[name as keyof typeof dialects])
      expect(performance.now() - lostAt).toBeLessThan(NOTICED_MS)
      // The agent noticed too, and let go of its Ollama.
      await scene.near.fake.counters.until((snapshot) => snapshot.running === 0)
      scene.relay.go()
      await scene.near.agent.connected(2, 20_000)
      await untilAsked(scene, 'near')
    })

    it('an agent that is killed in the middle of streams: an error in each dialect, never a clean end', async () => {
      const scene = await start({ fake: SLOW })
      const streams = Object.entries(dialects).map(([name, request]) => ({ name, streamed: scene.stream(request) }))
      await Promise.all(streams.map(({ streamed }) => streamed.begun))
      await scene.near.agent.kill9()
      for (const { name, streamed } of streams)
        expectTold(await streamed.ended, lastWords[name as keyof typeof dialects])
      expectWhole(await scene.stream({ tokens: 5 }).ended, 5)
    })

    it('an answer that is one whole is asked for again where the agent is killed before its first byte', async () => {
      const scene = await start({ fake: { tokensPerSecond: 100, answerTokens: 100 } })
      const asked = scene.stream({ body: { model: 'tiny', prompt: 'hello', stream: false } }).ended
      await scene.near.fake.counters.until((snapshot) => snapshot.running > 0)
      await scene.near.agent.kill9()
      const answer = await asked
      expect(answer).toMatchObject({ status: 200, ending: 'complete', headers: { 'corral-upstream': 'far' } })
      expect(JSON.parse(answer.text)).toMatchObject({ done: true, eval_count: 100 })
    })

    it('an agent that is stopped is let go, and is back when it goes on', async () => {
      const scene = await start({ heartbeat: `${HEARTBEAT_MS}ms`, fake: SLOW })
      const running = scene.stream()
      await running.begun
      scene.near.agent.signal('SIGSTOP')
      try {
        const stoppedAt = performance.now()
        expectTold(await running.ended, lastWords.ollama)
        expect(performance.now() - stoppedAt).toBeLessThan(NOTICED_MS)
        const answer = await scene.stream({ tokens: 5 }).ended
        expectWhole(answer, 5)
        expect(answer.headers['corral-upstream']).toBe('far')
      } finally {
        scene.near.agent.signal('SIGCONT')
      }
      await scene.near.agent.connected(2, 20_000)
      await scene.near.fake.counters.until((snapshot) => snapshot.running === 0)
      await untilAsked(scene, 'near')
    })

    it('a link that is half open is found out by both ends, and replaced', async () => {
      const scene = await start({ heartbeat: `${HEARTBEAT_MS}ms`, fake: SLOW })
      const running = scene.stream()
      await running.begun
      scene.relay.halfOpen()
      const lostAt = performance.now()
      expectTold(await running.ended, lastWords.ollama)
      expect(performance.now() - lostAt).toBeLessThan(NOTICED_MS)
      await scene.near.agent.connected(2, 20_000)
      await untilAsked(scene, 'near')
      await scene.near.fake.counters.until((snapshot) => snapshot.running === 0)
    })

    it('a new link of the same agent is taken while the old one only seems to live', async () => {
      // So seldom that nobody finds out by silence.
      const scene = await start({ heartbeat: '60s', fake: SLOW })
      const running = scene.stream()
      await running.begun
      scene.relay.halfOpen()
      await scene.near.agent.kill9()
      const again = await startAgent({
        id: 'near',
        server: scene.agents.gateway.url,
        key: scene.agentKey,
        ollama: scene.near.fake.url,
        transport,
        args: ['--pool', 'near'],
      })
      onTestFinished(() => again[Symbol.asyncDispose]())
      expectTold(await running.ended, lastWords.ollama)
      await untilAsked(scene, 'near')
    })

    it('a link that is reset: an error in the stream, and the agent is back at once', async () => {
      const scene = await start({ fake: SLOW })
      const running = scene.stream()
      await running.begun
      scene.relay.reset()
      expectTold(await running.ended, lastWords.ollama)
      await scene.near.agent.connected(2, 20_000)
      await scene.near.fake.counters.until((snapshot) => snapshot.running === 0)
      await untilAsked(scene, 'near')
    })
  })
}

/** A short heartbeat may lose a link again on a machine that runs other things. */
async function untilAsked(scene: TunnelScene, name: string): Promise<void> {
  const ask = async (): Promise<unknown> => {
    const answer = await scene.stream({ tokens: 5 }).ended
    expectWhole(answer, 5)
    return answer.headers['corral-upstream']
  }
  await expect.poll(ask, { timeout: 15_000 }).toBe(name)
}

function expectWhole(answer: StreamResult, tokens: number): void {
  expect(answer).toMatchObject({ status: 200, ending: 'complete', rest: '' })
  expect(answer.events).toHaveLength(tokens + 1)
  expect(answer.events.filter(({ text }) => text.includes('"done":true'))).toHaveLength(1)
}

/** Some of an answer and then, whole, that it failed. */
function expectTold(answer: StreamResult, told: RegExp): void {
  expect(answer).toMatchObject({ status: 200, ending: 'complete', rest: '' })
  expect(answer.events.length).toBeGreaterThan(1)
  expect(answer.events.at(-1)?.text).toMatch(told)
  expect(answer.text).not.toMatch(/"done":true|\[DONE\]|response\.completed|message_stop/)
}
