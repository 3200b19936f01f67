import type { Estimates } from '../learning/estimates.ts'
import { policy } from './policy.ts'
import type { Runner } from './runner.ts'
import type { Server } from './server.ts'

export interface LoadView {
  readonly now: number
  readonly estimates: Estimates
}

export function coldMs(server: Server, { cold, bytes }: Runner, { estimates, now }: LoadView): number {
  if (Math.abs(now - cold.at) >= policy.freshMs) {
    cold.at = now
    cold.ms = estimates.loadMs(server.name, bytes)
  }
  return cold.ms
}

/**
 * How long a work must have waited to have them evicted: until then what waits for them is worth more than the swap,
 * because it is soon done, or, however long it waits, because their own load has hardly paid yet.
 */
export function missedMs(victims: readonly Runner[], server: Server, view: LoadView): number {
  let missed = Number.NEGATIVE_INFINITY
  for (const victim of victims) {
    if (victim.demand.queued === 0) continue
    const dearMs = policy.swapWeight * coldMs(server, victim, view)
    if (view.now - victim.loadedAt < dearMs) return Number.POSITIVE_INFINITY
    const drainMs = (victim.queuedShare * victim.serviceMs) / server.slotsOf(victim, false)
    if (drainMs < dearMs) missed = Math.max(missed, dearMs)
  }
  return missed
}

/** What it costs that they may be wanted again. */
export function swapMs(victims: readonly Runner[], server: Server, view: LoadView): number {
  let sum = 0
  for (const victim of victims) {
    const { demand } = victim
    const elsewhere = demand.heldBy > 1 ? policy.heldElsewhereShare : 1
    sum += coldMs(server, victim, view) * demand.wantedAgain(view.now) * elsewhere
  }
  return policy.swapWeight * sum
}
