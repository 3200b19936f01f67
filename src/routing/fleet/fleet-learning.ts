import type { Clock } from '../../lib/clock.ts'
import type { AnswerFacts } from '../../proxy/router.ts'
import type { ModelSettings } from '../../proxy/settings.ts'
import type { ClaimListener } from '../claims.ts'
import type { CapacityOf } from '../dispatch/capacity.ts'
import type { CreateSlotLimit } from '../dispatch/slot-limit.ts'
import type { Work } from '../dispatch/work.ts'
import type { BytesOf } from './fleet-facts.ts'
import type { Fleet } from './fleet-state.ts'
import { createCapacityBook, seenLoaded } from '../learning/capacity.ts'
import type { Estimates, PairEstimates } from '../learning/estimates.ts'
import { createRateBook } from '../learning/rate-book.ts'
import { SlotBook } from '../learning/slot-book.ts'
import type { SlotFacts } from '../learning/slot-learner.ts'
import type { LearntFleet } from './learnt-fleet.ts'
import { createModelMemory } from '../memory/model-memory.ts'
import type { UpstreamState } from './upstream-state.ts'

/** What the fleet is expected to do, from what it was seen doing. */
export interface FleetLearning {
  readonly estimates: Estimates
  readonly createSlotLimit: CreateSlotLimit
  readonly capacityOf: CapacityOf
  readonly bytesOf: BytesOf
  readonly learnt: LearntFleet
  configure(models: Pick<ModelSettings, 'memory' | 'memoryPatterns'>): void
  /** Hears how a request fares at the server that it was sent to. */
  watch(work: Work, server: string, cold: boolean): ClaimListener
  /** An upstream has said what it has in its memory. True where a size is news. */
  sawLoaded(state: UpstreamState): boolean
  /** A model was loaded by the gateway itself. */
  loaded(server: string, bytes: number, tookMs: number): void
  /** A health probe took so long. */
  probed(server: string, tookMs: number): void
  /** Forgets all others. */
  keep(servers: ReadonlySet<string>): void
}

export interface FleetLearningDeps {
  readonly fleet: Pick<Fleet, 'get'>
  readonly clock: Clock
}

export function createFleetLearning({ fleet, clock }: FleetLearningDeps): FleetLearning {
  const memory = createModelMemory()
  const capacity = createCapacityBook()
  const rates = createRateBook((server, model) => {
    const state = fleet.get(server)
    return state === undefined ? 0 : memory.bytesOf(state, model)
  })
  const slots = new SlotBook()
  /** What the last answer told: that its slot is free is said next. No map of works: see `lib/bag.ts`. */
  let told: { readonly by: Work; readonly facts: AnswerFacts } | null = null
  let heard = { server: '', model: '', at: Number.NEGATIVE_INFINITY }
  const answers: AnswerBook = {
    clock,
    hear(sent, facts, beganAt) {
      told = { by: sent.work, facts }
      if (facts.status !== 200) return
      const { work, server, cold, grantedAt } = sent
      const { model, prompt } = work
      const endedAt = clock.now()
      // Where answers come by the hundred in a second, some of them tell as much as all.
      if (!cold && endedAt - heard.at < HEAR_EVERY_MS && heard.server === server && heard.model === model) return
      heard = { server, model, at: endedAt }
      rates.observe({ ...facts, server, model, prompt, cold, grantedAt, beganAt: beganAt ?? endedAt, endedAt })
    },
  }

  return {
    estimates: rates,
    capacityOf: capacity.of,
    bytesOf: memory.bytesOf,
    configure: memory.configure,
    learnt: { server: rates.learntServer, pair: rates.learnt },
    createSlotLimit(server, model) {
      const learner = slots.create(server, model)
      const pair = rates.pair(server, model)
      return {
        limit: (running) => learner.limit(running),
        get believed() {
          return learner.believed
        },
        granted(work, at) {
          // They end in milliseconds, tell no times, and may be more than it has slots.
          if (!work.brief) learner.granted(work, at, work.prompt.tokens * pair.prefillMsPerToken)
        },
        began: (work, at) => learner.began(work, at),
        ended: (work, at) => learner.ended(work, at, told?.by === work ? slotFacts(told.facts, pair) : undefined),
      }
    },
    watch(work, server, cold) {
      if (cold) slots.loads(server, work.model)
      return new AnswerListener({ work, server, cold, grantedAt: clock.now() }, answers)
    },
    sawLoaded({ name, version, loaded }) {
      slots.saw(name, version, new Set(loaded.map(({ canonical }) => canonical)))
      capacity.saw(name, loaded.map(seenLoaded), clock.now())
      return memory.sawLoaded(name, loaded)
    },
    loaded: rates.loaded,
    probed: rates.probed,
    keep(servers) {
      for (const part of [memory, capacity, rates, slots]) part.keep(servers)
    },
  }
}

function slotFacts({ streamed, timings, usage }: AnswerFacts, pair: PairEstimates): SlotFacts {
  if (timings !== null || usage?.completionTokens == null) return { streamed, timings }
  const expectedMs = (usage.promptTokens ?? 0) * pair.prefillMsPerToken + usage.completionTokens * pair.decodeMsPerToken
  return { streamed, timings, expectedMs }
}

const HEAR_EVERY_MS = 5

interface Sent {
  readonly work: Work
  readonly server: string
  readonly cold: boolean
  readonly grantedAt: number
}

interface AnswerBook {
  readonly clock: Clock
  /** `beganAt`: null where the answer had no byte. */
  hear(sent: Sent, facts: AnswerFacts, beganAt: number | null): void
}

/** Tells of the answer to one request. */
class AnswerListener implements ClaimListener {
  readonly #sent: Sent
  readonly #book: AnswerBook
  #beganAt: number | null = null

  constructor(sent: Sent, book: AnswerBook) {
    this.#sent = sent
    this.#book = book
  }

  began(): void {
    this.#beganAt = this.#book.clock.now()
  }

  answered(facts: AnswerFacts): void {
    this.#book.hear(this.#sent, facts, this.#beganAt)
  }

  released(): void {}
}
