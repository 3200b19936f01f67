import type { Clock } from '../../lib/clock.ts'
import type { QueuePlace } from '../../proxy/router.ts'
import type { Estimates } from '../learning/estimates.ts'
import { type CapacityOf, threeModels } from './capacity.ts'
import type { Effect } from './effect.ts'
import type { DispatchOptions } from './dispatch-options.ts'
import type { ModelQueue } from './model-queue.ts'
import { QueueDispatcher } from './queue-dispatcher.ts'
import type { LoadedModel, ServerFacts } from './server-facts.ts'
import type { ServerLoad } from './server-load.ts'
import type { ServerQuote } from './server-quote.ts'
import { type CreateSlotLimit, oneSlot } from './slot-limit.ts'
import type { Work } from './work.ts'

export interface DispatcherDeps {
  readonly clock: Clock
  readonly estimates: Estimates
  /** For upstreams whose slots nobody stated; without it each model has one. */
  readonly createSlotLimit?: CreateSlotLimit
  readonly capacityOf?: CapacityOf
}

/**
 * Decides which waiting work goes where, and when. Events in, effects out: it starts nothing, sets no timer and reads
 * the time only from its clock, so that a simulator drives the same code. Every event returns what is to be done.
 */
export interface Dispatcher {
  configure(options: DispatchOptions): Effect[]
  /** The whole fleet. What runs at those that stay, goes on; of those that left, nothing is remembered. */
  setServers(servers: readonly ServerFacts[]): Effect[]
  /** What an upstream's own list of loaded models says; it may be older than what was sent there since. */
  sawLoaded(server: string, loaded: readonly LoadedModel[]): Effect[]
  /** Grants it, refuses it, or keeps it waiting. */
  arrive(work: Work): Effect[]
  /** A waiting work waits no more. Does nothing for one that was granted. */
  leave(work: Work): Effect[]
  /** The first byte of a granted work's answer. */
  began(work: Work): Effect[]
  /** Its answer has ended; `completionTokens` where the upstream said. The slot may not be free yet. */
  ended(work: Work, completionTokens: number | null): Effect[]
  /** Its slot is free, in whatever way it ended. Exactly once for every granted work. */
  released(work: Work): Effect[]
  /** Who may take what has changed, or a second has passed: looks at everything that waits. */
  reconsider(): Effect[]
  /** How many wait. */
  readonly waiting: number
  place(work: Work): QueuePlace | undefined
  /** What each of the work's candidates would cost it now; nothing changes. */
  explain(work: Work): readonly ServerQuote[]
  loads(): readonly ServerLoad[]
  queues(): readonly ModelQueue[]
}

export function createDispatcher(deps: DispatcherDeps, options: DispatchOptions): Dispatcher {
  const { createSlotLimit = oneSlot, capacityOf = threeModels, ...rest } = deps
  return new QueueDispatcher({ ...rest, createSlotLimit, capacityOf }, options)
}
