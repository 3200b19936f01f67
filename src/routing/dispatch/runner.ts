import type { PairEstimates } from '../learning/estimates.ts'
import type { SlotLimit } from './slot-limit.ts'
import type { Work } from './work.ts'

/** A work that has a slot, until it is released. */
export interface Grant {
  readonly work: Work
  readonly runner: Runner
  readonly grantedAt: number
  /** Expected, of a slot that has nothing else to do. */
  readonly prefillMs: number
  /** It was sent to a model that was not loaded. */
  readonly cold: boolean
  beganAt: number | null
  isEnded: boolean
}

/** One model on one upstream: whether it is loaded, and what it runs. */
export class Runner {
  readonly server: string
  readonly model: string
  readonly pair: PairEstimates
  readonly slotLimit: SlotLimit
  bytes: number
  state: 'absent' | 'loading' | 'loaded' = 'absent'
  /** Of the load that is under way, or was last. */
  loadStartedAt = 0
  loadMs = 0
  lastUsedAt = 0
  readonly grants: Grant[] = []

  constructor(server: string, model: string, parts: Pick<Runner, 'pair' | 'slotLimit' | 'bytes'>) {
    this.server = server
    this.model = model
    this.pair = parts.pair
    this.slotLimit = parts.slotLimit
    this.bytes = parts.bytes
  }

  get isBusy(): boolean {
    return this.grants.length > 0
  }

  /** Mean time of an answer's growth. */
  get answerMs(): number {
    return this.pair.outputTokens * this.pair.decodeMsPerToken
  }

  loadRemainingMs(now: number): number {
    if (this.state !== 'loading') return 0
    return Math.max(this.loadStartedAt + this.loadMs - now, this.loadMs / LATE_SHARE)
  }

  /** Until the grant's slot is free. One that takes longer than the mean is believed to take a while yet. */
  remainingMs(grant: Grant, now: number): number {
    if (grant.isEnded) return 0
    const { answerMs } = this
    if (grant.beganAt !== null) return Math.max(answerMs - (now - grant.beganAt), answerMs / LATE_SHARE)
    const prefill = this.state === 'loading' ? grant.prefillMs : grant.prefillMs - (now - grant.grantedAt)
    return this.loadRemainingMs(now) + Math.max(prefill, 0) + answerMs
  }

  /** Until the first of its slots is free. */
  soonestFreeMs(now: number): number {
    let soonest = Number.POSITIVE_INFINITY
    for (const grant of this.grants) soonest = Math.min(soonest, this.remainingMs(grant, now))
    return this.grants.length === 0 ? 0 : soonest
  }

  /** Until all of them are. */
  lastFreeMs(now: number): number {
    let last = 0
    for (const grant of this.grants) last = Math.max(last, this.remainingMs(grant, now))
    return last
  }
}

const LATE_SHARE = 3
