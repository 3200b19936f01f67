import { policy } from './policy.ts'
import type { Lane } from './lane.ts'

/** Works of a lane that are started per millisecond while all of it waits. */
export function drainPerMs(lane: Lane, now: number): number {
  if (Math.abs(now - lane.drainAt) < policy.freshMs) return lane.drainPerMs
  lane.drainAt = now
  lane.drainPerMs = drainOf(lane.tiers)
  return lane.drainPerMs
}

function drainOf(tiers: Lane['tiers']): number {
  return sumOf(tiers, true) || sumOf(tiers, false)
}

function sumOf(tiers: Lane['tiers'], onlyHeld: boolean): number {
  let perMs = 0
  for (const tier of tiers) {
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

/** What waits for the model where those tiers are, in whatever lane; of what may go elsewhere too, its part. */
export function worksAt(tiers: Lane['tiers']): number {
  let works = 0
  for (const tier of tiers) for (const { runner } of tier) works += runner.queuedShare
  // Sums of fractions wander.
  return Math.round(works * 1e6) / 1e6
}

/** How long so many works take there. */
export function timeOf(works: number, tiers: Lane['tiers']): number {
  return works <= 0 ? 0 : works / drainOf(tiers)
}

/** Whatever has something before it waits for one of those at the least. */
export function leastMs(works: number, tiers: Lane['tiers']): number {
  let least = Number.POSITIVE_INFINITY
  if (works <= 0) return 0
  for (const tier of tiers) for (const { runner } of tier) least = Math.min(least, runner.serviceMs)
  return Number.isFinite(least) ? least : 0
}
