import { describe, expect, it, onTestFinished } from 'vitest'
import { type FakeOllama, startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { type FaultRelay, startFaultRelay } from '../../fakes/fault-relay/fault-relay.ts'
import { seededRandom } from '../../fakes/seeded-random.ts'
import { type AgentScene, startAgentScene, tunnels, untilState } from '../../system/harness/agent-before.ts'
import { hasProcessFacts, openFiles, residentMegabytes } from '../../system/harness/process-facts.ts'
import { startAgent, type StartedAgent } from '../../system/harness/start-agent.ts'
import { readStream, type StreamResult } from '../../system/harness/stream-client.ts'

/** For both transports together five minutes. */
const RUN_MS = Number(process.env['CORRAL_SOAK_MS'] ?? 150_000)
const AGENTS = 3
const CLIENTS = 12
const FAULT_EVERY_MS = 2_000
const TOKENS = 120
/** The gateway keeps an idle connection for 65 s. */
const IDLE_CONNECTIONS_END_MS = 90_000
/** Over what was resident after the first third. */
const MAY_GROW_MEGABYTES = 60

interface Place {
  readonly name: string
  readonly relay: FaultRelay
  readonly fake: FakeOllama
  agent: StartedAgent
  readonly start: () => Promise<StartedAgent>
}

const shapes = [
  { name: 'ollama', path: '/api/generate', body: { prompt: 'hello', options: { num_predict: TOKENS } } },
  {
    name: 'openai',
    path: '/v1/chat/completions',
    body: { messages: [{ role: 'user', content: 'hello' }], max_tokens: TOKENS, stream: true },
  },
  { name: 'whole', path: '/api/generate', body: { prompt: 'hello', stream: false, options: { num_predict: TOKENS } } },
] as const
type ShapeName = (typeof shapes)[number]['name']

/** What the answer says, and whether it says that it is whole or that it failed. */
function read(name: ShapeName, result: StreamResult): { text: string; isDone: boolean; isMarked: boolean } {
  const payloads =
    name === 'whole'
      ? [result.text]
      : result.events.map(({ text }) => (name === 'openai' ? text.replace(/^data: /, '') : text))
  let text = ''
  let isDone = false
  let isMarked = false
  for (const payload of payloads) {
    if (payload === '[DONE]') isDone = true
    if (payload === '[DONE]' || payload === '') continue
    const value = JSON.parse(payload) as {
      response?: string
      done?: boolean
      error?: unknown
      choices?: { delta?: { content?: string } }[]
    }
    text += value.response ?? value.choices?.[0]?.delta?.content ?? ''
    if (value.done === true) isDone = true
    if (value.error !== undefined) isMarked = true
  }
  return { text, isDone, isMarked }
}

describe.each(tunnels)('random faults on the lines of agents via %s', (transport) => {
  it('cost answers, and never a word: each is whole or says that it is not, and nothing is left behind', async () => {
    const random = seededRandom(transport === 'ws' ? 7 : 11)
    const scene = await startAgentScene({
      config: { agents: { heartbeat: '500ms', wait: '5s' }, routing: { health_interval: '1s' } },
    })
    onTestFinished(() => scene[Symbol.asyncDispose]())
    const places = await Promise.all(Array.from({ length: AGENTS }, (_, index) => openPlace(scene, transport, index)))
    const expected = new Map<ShapeName, string>()
    for (const { name, path, body } of shapes) {
      const direct = await readStream(`${places[0]?.fake.url}${path}`, { body: { model: 'tiny', ...body } })
      expected.set(name, read(name, direct).text)
    }
    const filesBefore = hasProcessFacts ? await openFiles(scene.gateway.pid) : 0
    const tally = { whole: 0, marked: 0, broken: 0, refused: 0, left: 0 }
    const wrong: string[] = []
    const endAt = performance.now() + RUN_MS

    const client = async (): Promise<void> => {
      while (performance.now() < endAt) {
        const shape = shapes[Math.floor(random() * shapes.length)] ?? shapes[0]
        const leaving = random() < 0.15 ? AbortSignal.timeout(Math.ceil(random() * 800)) : undefined
        const result = await readStream(scene.gateway.url + shape.path, {
          headers: { authorization: `Bearer ${scene.key}` },
          body: { model: 'tiny', ...shape.body },
          ...(leaving === undefined ? {} : { signal: leaving }),
        }).catch(() => undefined)
        if (leaving?.aborted === true || result === undefined) tally.left += 1
        else if (result.status !== 200) tally.refused += 1
        else if (result.ending === 'broken') tally.broken += 1
        else {
          const said = read(shape.name, result)
          const whole = expected.get(shape.name) ?? ''
          if (said.isDone && !said.isMarked && said.text === whole) tally.whole += 1
          else if (said.isMarked && !said.isDone && whole.startsWith(said.text)) tally.marked += 1
          else wrong.push(`${shape.name}: ${JSON.stringify(said)}`)
        }
      }
    }
    const memory: number[] = []
    const watch = setInterval(
      () => {
        if (hasProcessFacts) void residentMegabytes(scene.gateway.pid).then((now) => memory.push(now))
      },
      Math.max(500, RUN_MS / 60),
    )
    const faults = misbehave(places, random, endAt)
    await Promise.all(Array.from({ length: CLIENTS }, client))
    await faults
    clearInterval(watch)
    console.log(`${transport}: ${JSON.stringify(tally)}, memory ${memory.map(Math.round).join(' ')}`)

    expect(wrong).toEqual([])
    expect(tally.whole).toBeGreaterThan(10)
    expect(tally.marked).toBeGreaterThan(0)
    for (const place of places) {
      place.relay.use({})
      place.relay.go()
      // After so many short links an agent waits up to 20 s before it dials again.
      await untilState(scene.gateway, place.name, 'up', { withinMs: 40_000 })
      // Opened is closed: what began has ended, one way or the other, and is counted once.
      const { opened, requests } = await place.fake.counters.until((snapshot) => snapshot.running === 0, 10_000)
      expect(opened).toBe(Object.values(requests).reduce((sum, count) => sum + count, 0))
    }
    await expect
      .poll(async () => {
        const response = await fetch(`${scene.gateway.url}/health`, {
          headers: { authorization: `Bearer ${scene.key}` },
        })
        const { upstreams } = (await response.json()) as { upstreams: { running: number }[] }
        return upstreams.map(({ running }) => running)
      })
      .toEqual(places.map(() => 0))
    if (!hasProcessFacts) return
    // A link has one socket, or two with posts beside it. A connection of posts that a fault left half open is idle to
    // the gateway, which keeps it as long as any idle one.
    await expect
      .poll(() => openFiles(scene.gateway.pid), { timeout: IDLE_CONNECTIONS_END_MS, interval: 500 })
      .toBeLessThanOrEqual(filesBefore + 12)
    const settled = memory.slice(Math.floor(memory.length / 3))
    const early = Math.max(...settled.slice(0, 5))
    const late = Math.min(...settled.slice(-5))
    expect(late - early).toBeLessThan(MAY_GROW_MEGABYTES)
  })
})

async function openPlace(scene: AgentScene, transport: 'ws' | 'sse', index: number): Promise<Place> {
  const name = `place-${index}`
  const relay = await startFaultRelay(scene.gateway.url, { seed: index + 1 })
  const fake = await startFakeOllama({ models: [{ name: 'tiny' }], parallel: 32, tokensPerSecond: 150 })
  const options = { id: name, server: relay.url, key: scene.agentKey, ollama: fake.url, transport }
  const start = (): Promise<StartedAgent> => startAgent({ ...options, connectedMs: 30_000 })
  const place: Place = { name, relay, fake, start, agent: await start() }
  onTestFinished(async () => {
    await place.agent[Symbol.asyncDispose]()
    await relay[Symbol.asyncDispose]()
    await fake.stop()
  })
  return place
}

/** One fault at one place at a time, each undone before the next, so that somebody can always answer. */
async function misbehave(places: readonly Place[], random: () => number, endAt: number): Promise<void> {
  const kinds = ['reset', 'half-open', 'black-hole', 'bad-line', 'stop', 'kill', 'ollama'] as const
  while (performance.now() < endAt) {
    await pause(FAULT_EVERY_MS * random())
    const place = places[Math.floor(random() * places.length)]
    const kind = kinds[Math.floor(random() * kinds.length)]
    if (place === undefined) continue
    if (kind === 'reset') place.relay.reset()
    if (kind === 'half-open') place.relay.halfOpen()
    if (kind === 'ollama') place.fake.dropConnections()
    if (kind === 'black-hole') {
      place.relay.blackHole()
      await pause(500 + 3_000 * random())
      place.relay.go()
    }
    if (kind === 'bad-line') {
      place.relay.use({ sliceBytes: 1 + Math.floor(200 * random()), latencyMs: 10 * random(), jitterMs: 30 * random() })
      await pause(2_000 * random())
      place.relay.use({})
    }
    if (kind === 'stop') {
      place.agent.signal('SIGSTOP')
      await pause(500 + 3_000 * random())
      place.agent.signal('SIGCONT')
    }
    if (kind === 'kill') {
      await place.agent.kill9()
      await place.agent[Symbol.asyncDispose]()
      place.agent = await place.start()
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
