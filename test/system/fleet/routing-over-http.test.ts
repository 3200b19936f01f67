import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../../src/lib/clock.ts'
import { createRoutingCore } from '../../../src/routing/routing-core.ts'
import { createRouting, type Routing } from '../../../src/routing/routing.ts'
import { startSystemTimer } from '../../../src/routing/timer.ts'
import { createOllamaUpstream } from '../../../src/upstreams/ollama-upstream.ts'
import { createSeveralUpstreams } from '../../../src/upstreams/several-upstreams.ts'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'

const INTERVAL_MS = 400
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const everything = { visible: () => true, upstreams: null }

interface Fleet {
  readonly routing: Routing
  readonly fakes: readonly [FakeOllama, FakeOllama]
  health(): Record<string, string>
}

/** Two fakes, `a` preferred, asked over real sockets without a gateway in front. */
async function startFleet(): Promise<Fleet> {
  const fakes = [
    await startFakeOllama({ models: [{ name: 'both' }, { name: 'only-a' }], version: '0.24.0' }),
    await startFakeOllama({ models: [{ name: 'both' }, { name: 'only-b' }], version: '0.23.1' }),
  ] as const
  const upstreams = fakes.map((fake, index) =>
    createOllamaUpstream(
      {
        name: 'ab'.charAt(index),
        url: fake.url,
        headers: [],
        ca: null,
      },
      { connectTimeoutMs: 1000, instanceId: 'test' },
    ),
  )
  const deps = { clock: systemClock, startTimer: startSystemTimer, random: Math.random, log: silent }
  const core = createRoutingCore({ ...deps, several: createSeveralUpstreams })
  const routing = createRouting(
    { ...deps, core },
    {
      members: upstreams.map((upstream, priority) => ({ upstream, priority, enabled: true, maxResponseTimeMs: null })),
      routing: {
        healthIntervalMs: INTERVAL_MS,
        modelTtlMs: 60_000,
        spillAfterMs: 20_000,
        affinity: true,
        firstByteTimeoutMs: 60_000,
      },
      queue: { maxLength: 100, maxWaitMs: 60_000 },
      models: {
        aliases: {},
        assignments: {},
        fallbacks: {},
        memory: {},
        memoryPatterns: [],
        policies: [],
        keepWarm: [],
      },
    },
  )
  onTestFinished(async () => {
    routing.stop()
    core.stop()
    for (const upstream of upstreams) upstream.close()
    await Promise.all(fakes.map((fake) => fake.stop()))
  })
  routing.start()
  await routing.firstRound()
  const health = (): Record<string, string> =>
    Object.fromEntries(routing.fleet.all().map((state) => [state.name, state.health]))
  return { routing, fakes, health }
}

async function names(answer: Promise<{ readonly body: string }>): Promise<string[]> {
  const { models }: { models: { name: string }[] } = JSON.parse((await answer).body)
  return models.map((model) => model.name).toSorted((a, b) => (a < b ? -1 : 1))
}

describe('routing over HTTP', () => {
  it('knows health, version and models after one round', async () => {
    const { routing, health } = await startFleet()
    expect(health()).toEqual({ a: 'up', b: 'up' })
    expect(routing.lists.version().body).toBe('{"version":"0.23.1"}')
    expect([routing.fleet.get('a')?.models?.has('only-a:latest'), routing.fleet.knows('only-b:latest')]).toEqual([
      true,
      true,
    ])
    expect(await names(routing.lists.tags(everything))).toEqual(['both:latest', 'only-a:latest', 'only-b:latest'])
  })

  it('sees one go that refuses, and come back', async () => {
    const { fakes, health } = await startFleet()
    await fakes[0].setDoor('refuse')
    await vi.waitFor(() => expect(health()).toEqual({ a: 'down', b: 'up' }), {
      timeout: 10 * INTERVAL_MS,
      interval: 10,
    })
    await fakes[0].setDoor('open')
    await vi.waitFor(() => expect(health()).toEqual({ a: 'up', b: 'up' }), { timeout: 10 * INTERVAL_MS, interval: 10 })
  })

  it('is not held up by a black hole: lists come from memory, and soon it is down', async () => {
    const { fakes, routing, health } = await startFleet()
    await routing.lists.tags(everything)
    await fakes[0].setDoor('hang')
    fakes[0].dropConnections()
    const startedAt = performance.now()
    expect(await names(routing.lists.tags(everything))).toEqual(['both:latest', 'only-a:latest', 'only-b:latest'])
    expect(performance.now() - startedAt).toBeLessThan(1500)
    await vi.waitFor(() => expect(health()).toEqual({ a: 'down', b: 'up' }), { timeout: 5000, interval: 20 })
    const laterAt = performance.now()
    expect(await names(routing.lists.tags(everything))).toEqual(['both:latest', 'only-b:latest'])
    expect(performance.now() - laterAt).toBeLessThan(400)
  })

  it('finds a model that arrived past the gateway', async () => {
    const { fakes, routing } = await startFleet()
    fakes[1].models.install({ name: 'new' })
    expect(routing.fleet.knows('new:latest')).toBe(false)
    await routing.learnModel('new:latest')
    expect(routing.fleet.knows('new:latest')).toBe(true)
  })
})
