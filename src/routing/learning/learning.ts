import type { Clock } from '../../lib/clock.ts'
import type { ClaimListener } from '../claims.ts'
import type { CapacityOf } from '../dispatch/capacity.ts'
import type { CreateSlotLimit } from '../dispatch/slot-limit.ts'
import type { Work } from '../dispatch/work.ts'
import type { UpstreamState } from '../upstream-state.ts'
import { createCapacityBook, seenLoaded } from './capacity.ts'
import type { Estimates } from './estimates.ts'
import { createRateBook, type RateBook } from './rate-book.ts'
import { createSlotBook } from './slot-book.ts'

/** Everything that is learnt of the fleet, in one part that outlives a reload: it hears, and dispatching asks it. */
export interface Learning extends Pick<RateBook, 'probed' | 'loaded' | 'learnt'> {
  readonly estimates: Estimates
  readonly createSlotLimit: CreateSlotLimit
  readonly capacityOf: CapacityOf
  /** Hears, before dispatching does, how a request fares where it was sent. */
  watch(work: Work, server: string, cold: boolean): ClaimListener
  /** An upstream has said what it has loaded. */
  sawLoaded(state: Pick<UpstreamState, 'name' | 'loaded'>): void
  /** Forgets all other upstreams. */
  keep(servers: ReadonlySet<string>): void
}

export interface LearningDeps {
  readonly clock: Clock
  /** What a model takes on an upstream, 0 where nobody knows. */
  bytesOf(server: string, model: string): number
}

export function createLearning({ clock, bytesOf }: LearningDeps): Learning {
  const rates = createRateBook(bytesOf)
  const slots = createSlotBook(rates)
  const capacity = createCapacityBook()

  return {
    estimates: rates,
    createSlotLimit: slots.createSlotLimit,
    capacityOf: capacity.of,
    probed: rates.probed,
    loaded: rates.loaded,
    learnt: rates.learnt,
    watch(work, server, cold) {
      const grantedAt = clock.now()
      let beganAt: number | null = null
      return {
        began: () => void (beganAt = clock.now()),
        answered(facts) {
          slots.answered(work, facts)
          if (facts.status !== 200 || work.brief || beganAt === null) return
          const { model, prompt } = work
          rates.observe({ server, model, prompt, cold, ...facts, grantedAt, beganAt, endedAt: clock.now() })
        },
        released: () => slots.released(work, clock.now()),
      }
    },
    sawLoaded: ({ name, loaded }) => capacity.saw(name, loaded.map(seenLoaded), clock.now()),
    keep(servers) {
      rates.keep(servers)
      capacity.keep(servers)
    },
  }
}
