import { BATCH, isBefore, type KeyQueue, type Lane, type Waiting } from './lane.ts'
import type { Server } from './server.ts'

export interface WorksAhead {
  works: number
  /** Of what may go elsewhere too, only the part that its own upstreams are likely to take. */
  worksHere: number
}

/** A lane with upstreams that the work waits for too, and how much of what it has waiting they are likely to take. */
interface NearLane {
  readonly lane: Lane
  readonly part: number
}

/** What one other key has waiting. */
interface Turns extends WorksAhead {
  isNext: boolean
}

/** What is likely to start before it, of all `lanes` that wait for its model: others take turns with its key. */
export function worksAhead(waiting: Waiting, lanes: Iterable<Lane>): WorksAhead {
  const near = lanesNear(waiting.queue.lane, lanes)
  const ahead = ownAhead(waiting, near)
  const own = ahead.works
  for (const { works, worksHere, isNext } of othersTurns(waiting, near, ahead).values()) {
    const taken = Math.min(works, own + (isNext ? 1 : 0))
    ahead.works += taken
    ahead.worksHere += (worksHere / works) * taken
  }
  return ahead
}

function lanesNear(own: Lane, lanes: Iterable<Lane>): readonly NearLane[] {
  const servers = new Set<Server>()
  for (const tier of own.tiers) for (const { server } of tier) servers.add(server)
  const near: NearLane[] = []
  for (const lane of lanes) {
    let shared = 0
    for (const tier of lane.tiers) for (const { server } of tier) if (servers.has(server)) shared += 1
    if (lane === own) near.push({ lane, part: 1 })
    else if (shared > 0) near.push({ lane, part: shared / lane.width })
  }
  return near
}

function ownAhead(waiting: Waiting, near: readonly NearLane[]): WorksAhead {
  const ahead = { works: 0, worksHere: 0 }
  for (const { lane, part } of near) {
    const queue = lane.queues.get(waiting.work.key)
    if (queue === undefined) continue
    const works = queue.rank === waiting.queue.rank ? countBefore(queue, waiting) : sureTurns(queue, waiting.queue)
    ahead.works += works
    ahead.worksHere += works * part
  }
  return ahead
}

function countBefore(queue: KeyQueue, { work, queue: own }: Waiting): number {
  // Of those that arrived with it, in other lanes.
  const isOlder = queue.sequence < own.sequence
  let works = 0
  for (let link = queue.first; link !== undefined && link.work !== work; link = link.after) {
    const { arrivedAt } = link.work
    if (queue !== own && (isOlder ? arrivedAt > work.arrivedAt : arrivedAt >= work.arrivedAt)) break
    works += 1
  }
  return works
}

/** Of another rank all go first, or none. */
function sureTurns(other: KeyQueue, { rank }: KeyQueue): number {
  return rank === BATCH ? other.size : 0
}

/** By key, of its own rank; what goes first in any case is added to `ahead`. */
function othersTurns(
  { work, queue: own }: Waiting,
  near: readonly NearLane[],
  ahead: WorksAhead,
): ReadonlyMap<string, Turns> {
  const turns = new Map<string, Turns>()
  const first = firstOf(own, near)
  for (const { lane, part } of near) {
    for (const [key, queue] of lane.queues) {
      if (key === work.key) continue
      if (queue.rank !== own.rank) {
        const works = sureTurns(queue, own)
        ahead.works += works
        ahead.worksHere += works * part
        continue
      }
      const known = turns.get(key) ?? { works: 0, worksHere: 0, isNext: false }
      known.works += queue.size
      known.worksHere += queue.size * part
      known.isNext ||= isBefore(queue, first)
      turns.set(key, known)
    }
  }
  return turns
}

/** Of what its key has waiting, the one that has its turn first. */
function firstOf(own: KeyQueue, near: readonly NearLane[]): KeyQueue {
  let first = own
  for (const { lane } of near) {
    const queue = lane.queues.get(own.first?.work.key ?? '')
    if (queue?.rank === own.rank && isBefore(queue, first)) first = queue
  }
  return first
}
