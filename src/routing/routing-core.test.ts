import { describe, expect, it } from 'vitest'
import type { AttemptOutcome } from '../proxy/router.ts'
import { type Asked, createFleetBed, type FleetBed, PRINCIPAL, testMember } from './__fixtures__/fleet-bed.ts'
import { createScriptedUpstream } from './__fixtures__/scripted-upstream.ts'
import type { UpstreamMember } from './fleet/upstream-state.ts'

/** Numerical Recipes' generator: the same run each time. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const MODELS = ['m:latest', 'n:latest', 'o:latest']
const NAMES = ['a', 'b', 'c', 'd']
const OUTCOMES: readonly AttemptOutcome[] = [
  'answered',
  'answered',
  'answered',
  'cancelled',
  'busy',
  'failed-model',
  'broken',
]
const USAGE = { promptTokens: 20, completionTokens: 30, cachedTokens: null }

/** Clients, upstreams and reloads that do as they please, as long as each claim is released. */
class Crowd {
  readonly bed: FleetBed
  readonly #random: (below: number) => number
  readonly #members: readonly UpstreamMember[]
  #asked: Asked[] = []
  served = 0
  refused = 0
  left = 0

  constructor(seed: number) {
    this.#random = seeded(seed)
    this.#members = NAMES.map((name, index) => testMember(name, { slots: 1 + index, priority: 1 + (index % 2) }))
    this.bed = createFleetBed(
      {},
      { members: this.#members, dispatch: { maxLength: 12, maxWaitMs: 4000, spillAfterMs: 500, affinity: true } },
    )
    this.heal()
  }

  arrive(): void {
    const named = this.#random(20) === 0 ? [this.#one(NAMES)] : null
    const keyId = `k${this.#random(5)}`
    const model = this.#one(MODELS)
    this.#asked.push(this.bed.ask({ model, named, principal: { ...PRINCIPAL, keyId } }))
  }

  /** Something happens to one of those that are here. */
  move(): void {
    const index = this.#random(this.#asked.length)
    const asked = this.#asked[index]
    if (asked === undefined) return
    if (asked.claim !== undefined) this.#end(asked)
    else if (asked.error !== undefined) this.refused += 1
    else if (this.#random(3) > 0) return
    else {
      asked.ticket.cancel()
      this.left += 1
    }
    this.#asked.splice(index, 1)
  }

  reload(): void {
    const members = this.#members.filter(() => this.#random(4) > 0)
    this.bed.core.configure({ ...this.bed.plan, members })
    this.heal()
  }

  heal(): void {
    for (const { name } of this.bed.core.fleet.all()) {
      this.bed.list(
        name,
        MODELS.filter((_model, index) => (name.charCodeAt(0) + index) % 3 > 0),
      )
    }
  }

  async finish(): Promise<void> {
    this.bed.core.configure({ ...this.bed.plan, members: this.#members })
    while (this.#asked.length > 0) {
      this.heal()
      for (let n = 0; n < 50; n++) this.move()
      await this.bed.time.advance(1000)
    }
  }

  #end({ claim }: Asked): void {
    const outcome = this.#one(OUTCOMES)
    if (this.#random(4) > 0) claim?.began()
    if (outcome === 'answered') claim?.answered({ status: 200, streamed: true, usage: USAGE, timings: null })
    claim?.report(outcome)
    claim?.release()
    if (this.#random(5) === 0) claim?.release()
    this.served += 1
  }

  #one<T>(of: readonly T[]): T {
    const one = of[this.#random(of.length)]
    if (one === undefined) throw new Error('There is nothing to choose from')
    return one
  }
}

describe('slots and places in the queue', () => {
  it('come back exactly once, whatever becomes of 50,000 requests and of the upstreams they went to', async () => {
    const crowd = new Crowd(7)
    const { core, time } = crowd.bed
    const random = seeded(11)
    for (let n = 0; n < 50_000; n++) {
      crowd.arrive()
      for (let moves = random(4); moves > 0; moves--) crowd.move()
      if (random(50) === 0) crowd.heal()
      if (random(500) === 0) crowd.reload()
      if (random(20) === 0) await time.advance(random(1500))
    }
    await crowd.finish()
    expect(crowd.served + crowd.refused + crowd.left).toBe(50_000)
    expect(Math.min(crowd.served, crowd.refused, crowd.left)).toBeGreaterThan(1000)
    expect(core.fleet.all().map(({ running }) => running)).toEqual([0, 0, 0, 0])
    expect(
      core.dispatcher.loads().flatMap(({ models, waiting }) => [waiting, ...models.map((each) => each.running)]),
    ).toEqual(core.dispatcher.loads().flatMap(({ models }) => [0, ...models.map(() => 0)]))
    await time.advance(2000)
    expect([core.router.waiting(), time.waiting()]).toEqual([0, []])
  })
})

describe('what is learnt', () => {
  const m = ['m:latest']
  const facts = {
    status: 200,
    streamed: true,
    usage: { promptTokens: 1000, completionTokens: 100, cachedTokens: null },
    timings: null,
  }

  it('comes from answers that passed, and outlives a reload', async () => {
    const { time, core, plan, ask } = createFleetBed({ a: m })
    expect(core.learning.learnt.pair('a', 'm:latest').decodeTokensPerSecond).toBeNull()
    for (let n = 0; n < 5; n++) {
      const { claim } = ask({ prompt: { tokens: 1000, blocks: () => [] } })
      await time.advance(500)
      claim?.began()
      await time.advance(2000)
      claim?.answered(facts)
      claim?.report('answered')
      claim?.release()
    }
    const { decodeTokensPerSecond } = core.learning.learnt.pair('a', 'm:latest')
    expect(decodeTokensPerSecond).toBeGreaterThan(40)
    expect(decodeTokensPerSecond).toBeLessThan(60)
    core.configure(plan)
    expect(core.learning.learnt.pair('a', 'm:latest')).toMatchObject({ decodeTokensPerSecond })
  })

  it('keeps a model off an upstream once it was seen to take more than that may use', () => {
    const { core, ask } = createFleetBed({ a: m, b: m }, { member: { memoryBytes: 20e9, slots: 9 } })
    const entry = { canonical: 'm:latest', remote: false, digest: 'm:latest', raw: { size: 21e9 } }
    expect(ask({ named: ['a'] }).claim).toBeDefined()
    core.fleet.apply('a', { kind: 'loaded-read', at: 1, loaded: [entry] })
    expect(ask({ named: ['a'] }).error?.message).toMatch(/needs more memory/)
    expect(Array.from({ length: 4 }, () => ask().claim?.upstream.id)).toEqual(['b', 'b', 'b', 'b'])
  })

  it('hears of the size that the config states', () => {
    const memory = { memory: { m: 21e9 }, memoryPatterns: [] }
    const { core, plan, ask } = createFleetBed({ a: m }, { member: { memoryBytes: 20e9, slots: 9 }, memory })
    expect(ask().error?.code).toBe('no_upstream')
    core.configure({ ...plan, memory: { memory: { m: 19e9 }, memoryPatterns: [] } })
    expect(ask().claim?.upstream.id).toBe('a')
  })
})

describe('what the gateway asks of upstreams by itself', () => {
  const m = ['m:latest']

  it('is to load what shall be warm, also after a reload that says so', async () => {
    const upstream = createScriptedUpstream('a', { '/api/generate': { json: { done: true } } })
    const { time, core, plan } = createFleetBed({ a: m }, { members: [testMember('a', { upstream })] })
    await time.advance(10_000)
    expect(upstream.paths()).toEqual([])
    const keepWarm = [{ model: 'm', upstreams: null }]
    core.configure({ ...plan, warmth: { ...plan.warmth, keepWarm, canonicalOf: () => 'm:latest' } })
    await time.advance(10_000)
    expect(new Set(upstream.paths())).toEqual(new Set(['/api/generate']))
    core.stop()
    expect(time.waiting()).toEqual([])
  })

  it('is to free a slot that an abort has lost', async () => {
    const upstream = createScriptedUpstream('a', { '/api/generate': { json: { done: true } } })
    const { time, core, ask } = createFleetBed({ a: m }, { members: [testMember('a', { upstream, slots: 1 })] })
    const loaded = [{ canonical: 'm:latest', remote: false, digest: 'm:latest', raw: { size: 1e9 } }]
    core.fleet.apply('a', { kind: 'loaded-read', at: 1, loaded })
    const aborted = ask()
    aborted.claim?.report('cancelled')
    aborted.claim?.release()
    expect(ask().claim).toBeDefined()
    await time.advance(60_000)
    const bodies = upstream.requests.map(({ body }) => Buffer.concat(Array.isArray(body) ? body : []).toString())
    expect(bodies.map((body) => JSON.parse(body))).toEqual([{ model: 'm:latest', keep_alive: 0, stream: false }])
  })
})
