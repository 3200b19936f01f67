import { randomUUID } from 'node:crypto'
import { expect, it, onTestFinished } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import type { Log } from '../../../src/lib/log.ts'
import { Secret } from '../../../src/lib/secret.ts'
import { toUpstreamHeaders } from '../../../src/proxy/end-to-end-headers.ts'
import { startSystemTimer } from '../../../src/routing/timer.ts'
import { createDial } from '../../../src/tunnel/agent/dial.ts'
import { type RunningAgent, runAgent } from '../../../src/tunnel/agent/run-agent.ts'
import { createAgentService } from '../../../src/tunnel/agent/serve-link.ts'
import { createOllamaUpstream } from '../../../src/upstreams/ollama-upstream.ts'
import { createAgentKey } from '../harness/start-agent.ts'
import { startGateway } from '../harness/start-gateway.ts'

const AGENTS = 1000
const MEDIAN_MS = 2_000
/** A machine that runs other things may be late once. */
const ROUNDS = 3
/** Nobody is served by a thousand handshakes at once. */
const SPREAD_MS = 5_000
const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

interface Crowd {
  /** When each was connected last, by the clock of this process. */
  readonly connectedAt: Map<string, number>
  leave(): Promise<void>
}

/** Agents of one process, before one Ollama; each has a connection of its own. */
function startCrowd(gateway: { readonly url: string; readonly key: string }, ollama: string): Crowd {
  const connectedAt = new Map<string, number>()
  const upstream = createOllamaUpstream(
    { name: 'far', url: ollama, headers: [], ca: null },
    { connectTimeoutMs: 5_000, instanceId: 'thousand' },
  )
  const dial = createDial({ url: gateway.url, key: new Secret(gateway.key), ca: null })
  const start = (id: string): RunningAgent => {
    const maxStreams = 10
    const service = createAgentService({
      upstream,
      refusal: () => undefined,
      toUpstreamHeaders,
      maxStreams,
      changed: () => {},
    })
    const options = { id, instance: randomUUID(), host: 'crowd', pool: null, software: 'test', allow: [], maxStreams }
    return runAgent(
      { ...options, transport: 'ws' },
      {
        dial,
        service,
        log: silent,
        clock: systemClock,
        startTimer: startSystemTimer,
        defer: setImmediate,
        random: Math.random,
        status: () => ({ ollama: { reachable: true, version: '0.24.0' }, models: 1 }),
        connected: () => void connectedAt.set(id, performance.now()),
      },
    )
  }
  const agents = Array.from({ length: AGENTS }, (_, index) => start(`crowd-${index}`))
  return {
    connectedAt,
    async leave() {
      await Promise.all(agents.map((agent) => agent.drain(0)))
      upstream.close()
    },
  }
}

it('a thousand agents find their gateway again after it was killed, soon and not all at once', async () => {
  const fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
  onTestFinished(() => fake.stop())
  const first = await startGateway()
  onTestFinished(() => first[Symbol.asyncDispose]())
  const key = await createAgentKey(first)
  const crowd = startCrowd({ url: first.url, key }, fake.url)
  onTestFinished(() => crowd.leave())
  await expect.poll(() => crowd.connectedAt.size, { timeout: 120_000, interval: 100 }).toBe(AGENTS)
  expect(await countUp(first.url, first.adminKey)).toBe(AGENTS)

  let gateway = first
  let best = Infinity
  for (let round = 0; round < ROUNDS && best >= MEDIAN_MS; round += 1) {
    crowd.connectedAt.clear()
    await gateway.kill9()
    const killedAt = performance.now()
    gateway = await startGateway({ folder: first.folder, args: ['--listen', `127.0.0.1:${first.port}`] })
    const next = gateway
    onTestFinished(() => next[Symbol.asyncDispose]())
    const readyAt = performance.now()
    await expect.poll(() => crowd.connectedAt.size, { timeout: 120_000, interval: 100 }).toBe(AGENTS)
    const times = [...crowd.connectedAt.values()].map((at) => at - readyAt).toSorted((a, b) => a - b)
    const median = times[AGENTS / 2] ?? Infinity
    const last = times.at(-1) ?? 0
    const readyAfter = Math.round(readyAt - killedAt)
    const told = `ready again after ${readyAfter} ms; half of them back ${Math.round(median)} ms after that, all in ${Math.round(last)} ms`
    console.log([told, ...histogram(times)].join('\n'))
    expect(last - (times[0] ?? 0)).toBeGreaterThanOrEqual(SPREAD_MS)
    expect(await countUp(gateway.url, first.adminKey)).toBe(AGENTS)
    best = Math.min(best, median)
  }
  expect(best).toBeLessThan(MEDIAN_MS)
}, 600_000)

/** How many the gateway shows as up, once that is all of them or time is up. */
async function countUp(url: string, key: string): Promise<number> {
  let up = 0
  await expect
    .poll(
      async () => {
        const response = await fetch(`${url}/health`, { headers: { authorization: `Bearer ${key}` } })
        const { upstreams } = (await response.json()) as { upstreams: { state: string }[] }
        return (up = upstreams.filter(({ state }) => state === 'up').length)
      },
      { timeout: 60_000, interval: 250 },
    )
    .toBe(AGENTS)
  return up
}

function histogram(times: readonly number[]): string[] {
  const step = 500
  const last = Math.floor((times.at(-1) ?? 0) / step)
  return Array.from({ length: last + 1 }, (_, bin) => {
    const count = times.filter((time) => Math.floor(time / step) === bin).length
    return `${String(bin * step).padStart(6)} ms ${String(count).padStart(4)} ${'#'.repeat(Math.ceil(count / 10))}`
  })
}
