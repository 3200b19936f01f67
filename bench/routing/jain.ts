import { serviceMs } from './capacity.ts'
import type { Fleet } from './fleet.ts'
import type { Outcome } from './simulate.ts'
import { USERS } from './workload.ts'

/** Long enough for everybody to have asked for something. */
const WINDOW_MS = 300_000

/**
 * How evenly users were served while there was not enough for all. In each window everybody wants the work that waits
 * or arrives, measured on one server so that it does not depend on where it ran; what was begun in it is shared out
 * max-min fairly, and each one's part compared with that share. The mean over the windows, by their work.
 */
export function jainOfShares(fleet: Fleet, outcomes: readonly Outcome[]): number {
  const windows: Window[] = []
  for (const outcome of outcomes) {
    if (outcome.server === null) continue
    const work = workOf(fleet, outcome)
    const first = Math.floor(outcome.request.atMs / WINDOW_MS)
    const last = Math.floor(outcome.beganMs / WINDOW_MS)
    for (let at = first; at <= last; at++) {
      const window = (windows[at] ??= emptyWindow())
      window.wanted[outcome.request.user] = (window.wanted[outcome.request.user] ?? 0) + work
      if (at === last) window.got[outcome.request.user] = (window.got[outcome.request.user] ?? 0) + work
    }
  }
  let weighted = 0
  let total = 0
  for (const window of windows) {
    if (window === undefined) continue
    const served = window.got.reduce((sum, value) => sum + value, 0)
    const shares = maxMinShares(window.wanted, served)
    const parts = window.got.flatMap((got, user) => ((shares[user] ?? 0) > 0 ? [got / (shares[user] ?? 1)] : []))
    if (parts.length === 0) continue
    weighted += jain(parts) * served
    total += served
  }
  return total === 0 ? 1 : weighted / total
}

interface Window {
  readonly wanted: number[]
  readonly got: number[]
}

function emptyWindow(): Window {
  return { wanted: Array.from({ length: USERS }, () => 0), got: Array.from({ length: USERS }, () => 0) }
}

function workOf(fleet: Fleet, { request }: Outcome): number {
  const model = fleet.models.find((candidate) => candidate.name === request.model)
  const [server] = fleet.servers
  return model === undefined || server === undefined ? 0 : serviceMs(server, model, request)
}

export function jain(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + value, 0)
  const squares = values.reduce((total, value) => total + value ** 2, 0)
  return squares === 0 ? 1 : sum ** 2 / (values.length * squares)
}

/** Nobody gets more than it wants; what one leaves is for the others, evenly. */
export function maxMinShares(wanted: readonly number[], available: number): number[] {
  const shares = wanted.map(() => 0)
  const order = [...wanted.keys()].sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0))
  let left = available
  for (const [served, user] of order.entries()) {
    const share = Math.min(wanted[user] ?? 0, left / (order.length - served))
    shares[user] = share
    left -= share
  }
  return shares
}
