import { Shelf } from '../../lib/shelf.ts'
import type { Candidate } from './candidate.ts'
import type { ModelDemand } from './demand.ts'
import type { Account } from './fair-share.ts'
import { BATCH, INTERACTIVE, KeyQueue, type Lane, type Rank, type Waiting } from './lane.ts'
import type { Server } from './server.ts'
import type { Work } from './work.ts'

const NO_LANES: ReadonlySet<Lane> = new Set()

/** Everything that waits: lanes, in them keys in fair order, of each key the oldest first. */
export class WaitQueue {
  readonly lanes = new Map<string, Lane>()
  readonly #waiting = new Shelf<Waiting>()
  readonly #lanesOf = new Map<ModelDemand, Set<Lane>>()
  readonly #lanesAt = new Map<Server, Set<Lane>>()
  readonly #startedAt: number
  #sequence = 0
  /** Of what waits, since the start: sums of dates since 1970 are too long for a number. */
  #arrivalSum = 0

  constructor(startedAt: number) {
    this.#startedAt = startedAt
  }

  get size(): number {
    return this.#waiting.size
  }

  /** Lanes that wait for the model. */
  lanesOf(demand: ModelDemand): ReadonlySet<Lane> {
    return this.#lanesOf.get(demand) ?? NO_LANES
  }

  /** Lanes whose works it may take. */
  lanesAt(server: Server): ReadonlySet<Lane> {
    return this.#lanesAt.get(server) ?? NO_LANES
  }

  open(lane: Lane): void {
    this.lanes.set(lane.name, lane)
    addTo(this.#lanesOf, lane.demand, lane)
    lane.width = 0
    for (const tier of lane.tiers) lane.width += tier.length
    weigh(lane, lane.size)
    for (const tier of lane.tiers) {
      for (const { server } of tier) addTo(this.#lanesAt, server, lane)
    }
  }

  close(lane: Lane): void {
    this.lanes.delete(lane.name)
    this.#lanesOf.get(lane.demand)?.delete(lane)
    for (const tier of lane.tiers) for (const { server } of tier) this.#lanesAt.get(server)?.delete(lane)
  }

  /** Those there were, to be opened again. */
  closeAll(): readonly Lane[] {
    const lanes = [...this.lanes.values()]
    // Not what was added up before: sums of fractions wander.
    for (const { tiers } of lanes) for (const tier of tiers) for (const candidate of tier) clear(candidate)
    this.lanes.clear()
    this.#lanesOf.clear()
    this.#lanesAt.clear()
    return lanes
  }

  get(work: Work): Waiting | undefined {
    return this.#waiting.at(work.waitingAt)
  }

  /** Of all that a key has waiting, what arrived last. */
  newestOf({ key }: Account): Waiting | undefined {
    let newest: Waiting | undefined
    for (const lane of this.lanes.values()) {
      const last = lane.queues.get(key)?.last
      if (last !== undefined && last.work.arrivedAt >= (newest?.work.arrivedAt ?? 0)) newest = last
    }
    return newest
  }

  meanAgeMs(now: number): number {
    return this.size === 0 ? 0 : now - this.#startedAt - this.#arrivalSum / this.size
  }

  /** Behind those of its key that arrived before it; a second attempt arrived when the first did. */
  add(work: Work, lane: Lane, account: Account): Waiting {
    let queue = lane.queues.get(work.key)
    if (queue === undefined) {
      queue = new KeyQueue(lane, account, this.#sequence)
      this.#sequence += 1
      lane.queues.set(work.key, queue)
      account.queues.push(queue)
    }
    const waiting: Waiting = { work, queue, before: queue.last, after: undefined }
    while (waiting.before !== undefined && waiting.before.work.arrivedAt > work.arrivedAt) {
      waiting.after = waiting.before
      waiting.before = waiting.before.before
    }
    link(waiting)
    queue.size += 1
    lane.size += 1
    if (work.brief) lane.briefs += 1
    lane.oldestAt = Math.min(lane.oldestAt, work.arrivedAt)
    weigh(lane, 1)
    lane.demand.queued += 1
    work.waitingAt = this.#waiting.put(waiting)
    this.#arrivalSum += work.arrivedAt - this.#startedAt
    if (queue.heapIndex < 0) enter(queue)
    else if (waiting.before === undefined || queue.rank !== rankOf(queue)) firstChanged(queue)
    return waiting
  }

  remove(waiting: Waiting): void {
    const { queue, work } = waiting
    const { lane, account } = queue
    unlink(waiting)
    queue.size -= 1
    lane.size -= 1
    if (work.brief) lane.briefs -= 1
    weigh(lane, -1)
    lane.demand.queued -= 1
    if (work.waitingAt !== undefined) this.#waiting.take(work.waitingAt)
    work.waitingAt = undefined
    this.#arrivalSum = this.size === 0 ? 0 : this.#arrivalSum - (work.arrivedAt - this.#startedAt)
    if (queue.size > 0) return firstChanged(queue)
    lane.heads.remove(queue)
    lane.queues.delete(work.key)
    account.queues.splice(account.queues.indexOf(queue), 1)
  }

  /** The rank of a queue is that of its first. */
  setRank(queue: KeyQueue, rank: Rank): void {
    if (queue.rank === rank) return
    queue.rank = rank
    queue.reordered()
  }
}

function rankOf({ first }: KeyQueue): Rank {
  return first?.work.share.class === 'batch' ? BATCH : INTERACTIVE
}

function enter(queue: KeyQueue): void {
  queue.rank = rankOf(queue)
  queue.lane.heads.add(queue)
}

function firstChanged(queue: KeyQueue): void {
  queue.rank = rankOf(queue)
  queue.reordered()
}

function addTo<K>(index: Map<K, Set<Lane>>, of: K, lane: Lane): void {
  const lanes = index.get(of)
  if (lanes === undefined) index.set(of, new Set([lane]))
  else lanes.add(lane)
}

/** So many more works share the upstreams that may take them. */
function weigh({ tiers, width }: Lane, count: number): void {
  if (count === 0) return
  const share = count / width
  for (const tier of tiers) {
    for (const { server, runner } of tier) {
      server.queuedShare += share
      runner.queuedShare += share
    }
  }
}

function clear({ server, runner }: Candidate): void {
  server.queuedShare = 0
  runner.queuedShare = 0
}

function link(waiting: Waiting): void {
  const { queue, before, after } = waiting
  if (before === undefined) queue.first = waiting
  else before.after = waiting
  if (after === undefined) queue.last = waiting
  else after.before = waiting
}

function unlink({ queue, before, after }: Waiting): void {
  if (before === undefined) queue.first = after
  else before.after = after
  if (after === undefined) queue.last = before
  else after.before = before
}
