import { PLAIN_SHARE } from '../../src/auth/principal.ts'
import { BLOCK_TOKENS } from '../../src/proxy/prompt.ts'
import { createDispatcher, type Dispatcher } from '../../src/routing/dispatch/dispatcher.ts'
import type { Effect } from '../../src/routing/dispatch/effect.ts'
import type { ServerFacts } from '../../src/routing/dispatch/server-facts.ts'
import type { Work } from '../../src/routing/dispatch/work.ts'
import type { Estimates, PairEstimates } from '../../src/routing/learning/estimates.ts'
import type { Measure } from '../parts/row.ts'
import { median, percentile } from '../parts/statistics.ts'
import { createRandom } from './random.ts'

const UPSTREAMS = 50
const MODELS = 200
const KEYS = 100
const WAITING = 10_000
const ROUNDS = 15
/** Of one kind in a row, so that the clock's own grain does not count. */
const BATCH = 200
/** Of virtual time between two events: a thousand a second. */
const STEP_MS = 1

/** What deciding costs in a fleet that is larger than most. In microseconds. */
export function measureSpeed(): Measure[] {
  const chosen = timeChoices()
  const queued = timeQueue()
  const few = WAITING.toLocaleString('en')
  return [
    row(`choosing among ${UPSTREAMS} upstreams with ${MODELS} models each`, 20, chosen),
    row(`with ${few} waiting: to arrive`, 10, queued.arrive),
    row(`with ${few} waiting: to leave`, 10, queued.leave),
    row(`with ${few} waiting: to give a free slot to the next`, 10, queued.grant),
  ]
}

function row(what: string, atMostUs: number, rounds: readonly number[]): Measure {
  const middle = median(rounds)
  const measured = `${middle.toFixed(1)} us (p90 of the rounds ${percentile(rounds, 90).toFixed(1)})`
  return { what, reach: `<= ${atMostUs} us`, measured, reached: middle <= atMostUs }
}

/** Requests come to a fleet with free slots, are answered and go. Only their arrival is timed. */
function timeChoices(): number[] {
  const bench = new DispatchBench(4)
  for (let index = 0; index < 2000; index++) bench.finish(bench.arrive(bench.newWork()))
  return Array.from({ length: ROUNDS }, () => {
    let tookMs = 0
    for (let index = 0; index < BATCH; index++) {
      const work = bench.newWork()
      const startedAt = performance.now()
      const effects = bench.arrive(work)
      tookMs += performance.now() - startedAt
      bench.finish(effects)
    }
    return (tookMs * 1000) / BATCH
  })
}

interface QueueTimes {
  readonly arrive: readonly number[]
  readonly leave: readonly number[]
  readonly grant: readonly number[]
}

/** All slots are taken and so many wait; each round as many come as go, so that it stays so. */
function timeQueue(): QueueTimes {
  const bench = new DispatchBench(1)
  while (bench.waiting.size < WAITING) bench.keep(bench.newWork())
  const times = { arrive: [] as number[], leave: [] as number[], grant: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    const coming = Array.from({ length: BATCH }, () => bench.newWork())
    times.arrive.push(timed(coming, (work) => bench.keep(work)))
    times.leave.push(timed(bench.someWaiting(BATCH), (work) => bench.leave(work)))
    times.grant.push(timed(bench.someRunning(BATCH), (work) => bench.release(work)))
    while (bench.waiting.size < WAITING) bench.keep(bench.newWork())
  }
  return times
}

function timed(works: readonly Work[], act: (work: Work) => void): number {
  const startedAt = performance.now()
  for (const work of works) act(work)
  return ((performance.now() - startedAt) * 1000) / works.length
}

/** A dispatcher with everything around it, as bare as can be: what is timed is the dispatcher. */
class DispatchBench {
  readonly waiting = new Set<Work>()
  readonly #running = new Set<Work>()
  readonly #dispatcher: Dispatcher
  readonly #random = createRandom(1)
  readonly #names = Array.from({ length: UPSTREAMS }, (_, index) => `upstream-${index}`)
  #nowMs = 0

  constructor(slots: number) {
    this.#dispatcher = createDispatcher(
      { clock: { now: () => this.#nowMs }, estimates: steadyEstimates() },
      { maxLength: WAITING * 2, maxWaitMs: Number.POSITIVE_INFINITY, spillAfterMs: 20_000, affinity: true },
    )
    this.#dispatcher.setServers(this.#names.map((name) => factsOf(name, slots)))
    for (const [index, name] of this.#names.entries()) {
      const loaded = [0, 1, 2].map((place) => ({ model: modelName(index * 3 + place), bytes: 6e9 }))
      this.#dispatcher.sawLoaded(name, loaded)
    }
  }

  newWork(): Work {
    const model = modelName(Math.floor(this.#random() * MODELS))
    const tokens = 200 + Math.floor(this.#random() * 2000)
    const start = Math.floor(this.#random() * 2 ** 31)
    return {
      model,
      key: `key-${Math.floor(this.#random() * KEYS)}`,
      share: PLAIN_SHARE,
      prompt: {
        tokens,
        blocks: () => Array.from({ length: Math.floor(tokens / BLOCK_TOKENS) }, (_, at) => start ^ at),
      },
      brief: false,
      arrivedAt: this.#nowMs,
      lane: model,
      candidates: () => this.#names,
    }
  }

  arrive(work: Work): readonly Effect[] {
    this.#nowMs += STEP_MS
    return this.#dispatcher.arrive(work)
  }

  keep(work: Work): void {
    this.waiting.add(work)
    this.#take(this.arrive(work))
  }

  leave(work: Work): void {
    this.#nowMs += STEP_MS
    this.waiting.delete(work)
    this.#take(this.#dispatcher.leave(work))
  }

  release(work: Work): void {
    this.#nowMs += STEP_MS
    this.#running.delete(work)
    this.#take(this.#dispatcher.released(work))
  }

  finish(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'grant') continue
      this.#nowMs += STEP_MS
      for (const event of [this.#dispatcher.began, this.#dispatcher.released]) event.call(this.#dispatcher, effect.work)
    }
  }

  someWaiting(count: number): Work[] {
    return [...this.waiting].filter(() => this.#random() < 0.5).slice(0, count)
  }

  /** At work, so that a slot of theirs comes free. */
  someRunning(count: number): Work[] {
    const works = [...this.#running].slice(0, count)
    for (const work of works) this.#take(this.#dispatcher.began(work))
    return works
  }

  #take(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'grant') continue
      this.waiting.delete(effect.work)
      this.#running.add(effect.work)
    }
  }
}

function modelName(index: number): string {
  return `model-${index % MODELS}`
}

function factsOf(name: string, slots: number): ServerFacts {
  const models = new Map(Array.from({ length: MODELS }, (_, index) => [modelName(index), 6e9]))
  return { name, priority: 1, slow: false, memoryBytes: 24e9, slots, admits: Number.POSITIVE_INFINITY, models }
}

function steadyEstimates(): Estimates {
  const pair: PairEstimates = { prefillMsPerToken: 0.4, decodeMsPerToken: 15, outputTokens: 200 }
  return { pair: () => pair, networkMs: () => 1, loadMs: (_, bytes) => bytes / 1.5e6 + 1000 }
}
