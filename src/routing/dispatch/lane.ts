import type { Candidate } from './candidate.ts'
import type { ModelDemand } from './demand.ts'
import { FairOrder, type Standee, type Standing } from './fair-order.ts'
import type { Account, Ordered } from './fair-share.ts'
import { policy } from './policy.ts'
import type { Work } from './work.ts'

/** A work that waits: a link in the queue of its key. */
export interface Waiting {
  readonly work: Work
  readonly queue: KeyQueue
  before: Waiting | undefined
  after: Waiting | undefined
}

/** Works for one model that the same upstreams may take. */
export class Lane {
  readonly name: string
  readonly demand: ModelDemand
  /** Of each tier those that may take it, the best tier first. */
  tiers: readonly (readonly Candidate[])[] = []
  readonly queues = new Map<string, KeyQueue>()
  readonly heads = new FairOrder<KeyQueue>()
  size = 0
  /** Of them, works that are brief. */
  briefs = 0
  /** Upstreams that may take its works. */
  width = 0
  /** None of its works arrived before. What left may still count, until `reconsider`. */
  oldestAt = Number.POSITIVE_INFINITY
  /** See `wait-estimate.ts`; as of then. */
  drainPerMs = 0
  drainAt = Number.NEGATIVE_INFINITY

  constructor(name: string, demand: ModelDemand) {
    this.name = name
    this.demand = demand
  }
}

/** What one key has waiting in one lane, oldest first. */
export class KeyQueue implements Ordered, Standee {
  readonly lane: Lane
  readonly account: Account
  first: Waiting | undefined
  last: Waiting | undefined
  size = 0
  /** Its first is served before any of a greater rank. */
  rank: Rank = INTERACTIVE
  heapIndex = -1
  readonly standing: Standing = { rank: INTERACTIVE, turn: 0, isOld: false }
  /** The least that its first would cost as things stood then. */
  readonly best = { work: undefined as Work | undefined, totalMs: 0, at: 0 }
  readonly sequence: number

  constructor(lane: Lane, account: Account, sequence: number) {
    this.lane = lane
    this.account = account
    this.sequence = sequence
  }

  /** Who has had least is first, and every second of waiting counts as some of service not had. */
  get turn(): number {
    return this.account.served + policy.ageWeight * (this.first?.work.arrivedAt ?? 0)
  }

  reordered(): void {
    this.lane.heads.changed(this)
  }

  stand(): void {
    this.standing.rank = this.rank
    this.standing.turn = this.turn
    this.standing.isOld = false
  }
}

export type Rank = typeof INTERACTIVE | typeof BATCH
export const INTERACTIVE = 0
export const BATCH = 1

export function isBefore(a: KeyQueue, b: KeyQueue): boolean {
  if (a.rank !== b.rank) return a.rank < b.rank
  const [turn, other] = [a.turn, b.turn]
  return turn === other ? a.sequence < b.sequence : turn < other
}
