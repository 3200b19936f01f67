import type { PairEstimates } from '../learning/estimates.ts'
import { SlotMemory } from './affinity.ts'
import type { ModelDemand } from './demand.ts'
import { policy } from './policy.ts'
import type { SlotLimit } from './slot-limit.ts'

/** What a slot is doing, until it is free. */
export interface Running {
  readonly grantedAt: number
  /** Sent to a model that was not loaded. */
  readonly cold: boolean
  /** Expected. */
  readonly prefillMs: number
  readonly answerMs: number
  beganAt: number | null
  endedAt: number | null
}

export interface RunnerParts {
  readonly pair: PairEstimates
  readonly slotLimit: SlotLimit
  readonly demand: ModelDemand
  readonly bytes: number
}

/** One model on one upstream: whether it is loaded, what it runs, what its slots remember. */
export class Runner {
  readonly model: string
  readonly pair: PairEstimates
  readonly slotLimit: SlotLimit
  readonly demand: ModelDemand
  readonly memory = new SlotMemory()
  readonly running: Running[] = []
  bytes: number
  state: 'absent' | 'loading' | 'loaded' = 'absent'
  loadStartedAt = 0
  /** Expected, of the last load. */
  loadMs = 0
  /** No work asked for that load. */
  isPreload = false
  /** Since when room was made for it, the last time. */
  reservedAt = Number.NEGATIVE_INFINITY
  /** When it was last seen to be loaded for the first time. */
  loadedAt = 0
  lastUsedAt = 0
  /** Its own part of what its upstream's price is made of; see `scarcity.ts`. */
  queuedShare = 0
  loadShare = 0
  /** Time of a load, as it was believed to be then. */
  readonly cold = { ms: 0, at: Number.NEGATIVE_INFINITY }

  constructor(model: string, { pair, slotLimit, demand, bytes }: RunnerParts) {
    this.model = model
    this.pair = pair
    this.slotLimit = slotLimit
    this.demand = demand
    this.bytes = bytes
  }

  get isBusy(): boolean {
    return this.running.length > 0
  }

  /** Mean time in which an answer grows. */
  get answerMs(): number {
    return this.pair.outputTokens * this.pair.decodeMsPerToken
  }

  /** Mean time of one work, from a free slot to a free slot. */
  get serviceMs(): number {
    return this.demand.promptTokens * this.pair.prefillMsPerToken + this.answerMs
  }

  loadRemainingMs(now: number): number {
    if (this.state !== 'loading') return 0
    return remainingOf(this.loadMs, now - this.loadStartedAt)
  }

  /** Until the slot is free: never nothing. */
  remainingMs(running: Running, now: number): number {
    return Math.max(policy.endingMs, this.#expectedMs(running, now))
  }

  #expectedMs(running: Running, now: number): number {
    if (running.endedAt !== null) return 0
    const { answerMs, prefillMs, beganAt } = running
    if (beganAt !== null) return remainingOf(answerMs, now - beganAt)
    if (this.state === 'loading') return this.loadRemainingMs(now) + prefillMs + answerMs
    const silentMs = now - Math.max(running.grantedAt, this.loadedAt)
    return Math.max(Math.max(prefillMs - silentMs, 0) + answerMs, lostMs(prefillMs + answerMs, silentMs))
  }

  /** Until the first of its slots is free. */
  soonestFreeMs(now: number): number {
    let soonest = Number.POSITIVE_INFINITY
    for (const running of this.running) soonest = Math.min(soonest, this.remainingMs(running, now))
    return this.running.length === 0 ? 0 : soonest
  }

  /** Until all of them are. */
  lastFreeMs(now: number): number {
    let last = 0
    for (const running of this.running) last = Math.max(last, this.remainingMs(running, now))
    return last
  }
}

/** One that overran the mean is believed to take a while yet; one that overran it far, as long as that again. */
function remainingOf(expectedMs: number, tookMs: number): number {
  return Math.max(expectedMs - tookMs, expectedMs * policy.overrunShare, lostMs(expectedMs, tookMs))
}

/** What has stopped for good would otherwise be waited for, because it seems to be nearly done all the time. */
function lostMs(expectedMs: number, tookMs: number): number {
  return tookMs - policy.lostTimesMean * expectedMs
}
