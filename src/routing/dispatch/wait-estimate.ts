import { policy } from './policy.ts'
import { BATCH, isBefore, type KeyQueue, type Lane, type Waiting } from './lane.ts'

/** Works of a lane that are started per millisecond while all of it waits. */
export function drainPerMs(lane: Lane, now: number): number {
  if (Math.abs(now - lane.drainAt) < policy.freshMs) return lane.drainPerMs
  lane.drainAt = now
  lane.drainPerMs = sumOf(lane, true) || sumOf(lane, false)
  return lane.drainPerMs
}

function sumOf(lane: Lane, onlyHeld: boolean): number {
  let perMs = 0
  for (const tier of lane.tiers) {
    for (const { server, runner } of tier) {
      if (onlyHeld && runner.state === 'absent' && !server.isProvider) continue
      const slots = Math.min(server.slotsOf(runner, false), server.facts.admits)
      // What waits there for other models wants its turn too.
      const share = Math.max(runner.queuedShare, 1) / Math.max(server.queuedShare, 1)
      perMs += (slots / Math.max(runner.serviceMs, 1)) * Math.min(share, 1)
    }
  }
  return perMs
}

/** How many of its lane are likely to start before it: others take turns with its key. */
export function worksBefore({ queue, work }: Waiting): number {
  let own = 0
  for (let link = queue.first; link !== undefined && link.work !== work; link = link.after) own += 1
  let before = own
  for (const other of queue.lane.queues.values()) {
    if (other !== queue) before += turnsBefore(other, queue, own)
  }
  return before
}

function turnsBefore(other: KeyQueue, queue: KeyQueue, own: number): number {
  if (other.rank !== queue.rank) return queue.rank === BATCH ? other.size : 0
  return Math.min(other.size, own + (isBefore(other, queue) ? 1 : 0))
}
