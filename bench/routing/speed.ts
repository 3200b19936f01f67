import { PLAIN_SHARE } from '../../src/auth/principal.ts'
import { BLOCK_TOKENS } from '../../src/lib/prompt-block.ts'
import { createDispatcher, type Dispatcher } from '../../src/routing/dispatch/dispatcher.ts'
import type { Effect } from '../../src/routing/dispatch/effect.ts'
import type { ServerFacts } from '../../src/routing/dispatch/server-facts.ts'
import type { Work } from '../../src/routing/dispatch/work.ts'
import type { Estimates, PairEstimates } from '../../src/routing/learning/estimates.ts'
import type { Measure } from '../parts/row.ts'
import { median, percentile } from '../parts/statistics.ts'
import { createRandom } from './random.ts'

interface Size {
  readonly upstreams: number
  /** Each upstream has all of them on its disk, and three of them loaded. */
  readonly models: number
}

const LARGE: Size = { upstreams: 50, models: 200 }
const USUAL: Size = { upstreams: 5, models: 6 }
const KEYS = 100
const WAITING = 10_000
const ROUNDS = 15
const WARM_UP_ROUNDS = 10
/** Of one kind in a row, so that the grain of the measure does not count. */
const BATCH = 200
/** Of virtual time between two events: a thousand a second. */
const STEP_MS = 1

/** What deciding costs in a fleet that is larger than most. In microseconds of processor time. */
export function measureSpeed(): Measure[] {
  return [row(`choosing, ${named(LARGE)}`, 20, timeChoices(LARGE)), ...queueRows(USUAL), ...queueRows(LARGE)]
}

function queueRows(size: Size): Measure[] {
  const { arrive, leave, grant } = timeQueue(size)
  const where = `${WAITING.toLocaleString('en')} waiting, ${named(size)}`
  return [
    row(`to arrive, ${where}`, 10, arrive),
    row(`to leave, ${where}`, 10, leave),
    row(`to give a free slot to the next, ${where}`, 10, grant),
  ]
}

function named({ upstreams, models }: Size): string {
  return `${upstreams} upstreams with ${models} models each`
}

function row(what: string, atMostUs: number, rounds: readonly number[]): Measure {
  const middle = median(rounds)
  const measured = `${middle.toFixed(1)} us (p90 of the rounds ${percentile(rounds, 90).toFixed(1)})`
  return { what, reach: `<= ${atMostUs} us`, measured, reached: middle <= atMostUs }
}

/** Requests come to a fleet with free slots, are answered and go. Only their arrival is timed. */
function timeChoices(size: Size): number[] {
  const bench = new DispatchBench(size, 4)
  const round = (): number => {
    const effects: Effect[] = []
    const works = Array.from({ length: BATCH }, () => bench.newWork())
    const tookUs = timed(works, (work) => effects.push(...bench.arrive(work)))
    bench.finish(effects)
    return tookUs
  }
  for (let index = 0; index < WARM_UP_ROUNDS; index++) round()
  return Array.from({ length: ROUNDS }, round)
}

interface QueueTimes {
  readonly arrive: readonly number[]
  readonly leave: readonly number[]
  readonly grant: readonly number[]
}

/** All slots are taken and so many wait; each round as many come as go, so that it stays so. */
function timeQueue(size: Size): QueueTimes {
  const bench = new DispatchBench(size, 1)
  while (bench.waiting.size < WAITING) bench.keep(bench.newWork())
  const times = { arrive: [] as number[], leave: [] as number[], grant: [] as number[] }
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    const coming = Array.from({ length: BATCH }, () => bench.newWork())
    const arrive = timed(coming, (work) => bench.keep(work))
    const leave = timed(bench.someWaiting(BATCH), (work) => bench.leave(work))
    const grant = timeReleases(bench)
    if (round >= 0)
      for (const [name, us] of Object.entries({ arrive, leave, grant })) times[name as keyof QueueTimes].push(us)
    while (bench.waiting.size < WAITING) bench.keep(bench.newWork())
    bench.reconsider()
  }
  return times
}

/** A small fleet has fewer slots than a batch has works: they are emptied as often as it takes. */
function timeReleases(bench: DispatchBench): number {
  let tookUs = 0
  let count = 0
  while (count < BATCH) {
    const works = bench.someRunning(BATCH)
    tookUs += timed(works, (work) => bench.release(work)) * works.length
    count += works.length
  }
  return tookUs / count
}

/** Of processor time, for each: what else runs on the machine does not count. */
function timed(works: readonly Work[], act: (work: Work) => void): number {
  const before = process.cpuUsage()
  for (const work of works) act(work)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / works.length
}

/** A dispatcher with everything around it, as bare as can be: what is timed is the dispatcher. */
class DispatchBench {
  readonly waiting = new Set<Work>()
  readonly #running = new Set<Work>()
  readonly #dispatcher: Dispatcher
  readonly #random = createRandom(1)
  readonly #size: Size
  readonly #names: readonly string[]
  #nowMs = 0

  constructor(size: Size, slots: number) {
    this.#size = size
    this.#names = Array.from({ length: size.upstreams }, (_, index) => `upstream-${index}`)
    this.#dispatcher = createDispatcher(
      { clock: { now: () => this.#nowMs }, estimates: steadyEstimates() },
      { maxLength: WAITING * 2, maxWaitMs: Number.POSITIVE_INFINITY, spillAfterMs: 20_000, affinity: true },
    )
    this.#dispatcher.setServers(this.#names.map((name) => factsOf(name, size, slots)))
    for (const [index, name] of this.#names.entries()) {
      const loaded = [0, 1, 2].map((place) => ({ model: modelName((index * 3 + place) % size.models), bytes: 6e9 }))
      this.#dispatcher.sawLoaded(name, loaded)
    }
  }

  newWork(): Work {
    const model = modelName(Math.floor(this.#random() * this.#size.models))
    const tokens = 200 + Math.floor(this.#random() * 2000)
    const start = Math.floor(this.#random() * 2 ** 31)
    let blocks: readonly number[] | undefined
    return {
      model,
      key: `key-${Math.floor(this.#random() * KEYS)}`,
      share: PLAIN_SHARE,
      prompt: {
        tokens,
        blocks: () => (blocks ??= Array.from({ length: Math.floor(tokens / BLOCK_TOKENS) }, (_, at) => start ^ at)),
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

  /** The router does so once a second while something waits. */
  reconsider(): void {
    this.#take(this.#dispatcher.reconsider())
  }

  release(work: Work): void {
    this.#nowMs += STEP_MS
    this.#running.delete(work)
    this.#take(this.#dispatcher.released(work))
  }

  /** What was granted is answered at once, and so is what that grants. */
  finish(effects: readonly Effect[]): void {
    const left = [...effects]
    for (let effect = left.pop(); effect !== undefined; effect = left.pop()) {
      if (effect.kind !== 'grant') continue
      this.#nowMs += STEP_MS
      left.push(...this.#dispatcher.began(effect.work), ...this.#dispatcher.released(effect.work))
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
  return `model-${index}`
}

function factsOf(name: string, size: Size, slots: number): ServerFacts {
  const models = new Map(Array.from({ length: size.models }, (_, index) => [modelName(index), 6e9]))
  return { name, priority: 1, slow: false, memoryBytes: 24e9, slots, admits: Number.POSITIVE_INFINITY, models }
}

function steadyEstimates(): Estimates {
  const pair: PairEstimates = { prefillMsPerToken: 0.4, decodeMsPerToken: 15, outputTokens: 200 }
  return { pair: () => pair, networkMs: () => 1, loadMs: (_, bytes) => bytes / 1.5e6 + 1000 }
}
