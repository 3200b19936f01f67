import type { Cost } from './cost.ts'
import { policy } from './policy.ts'
import { coldMs, type LoadView } from './swap.ts'

export interface Claim {
  /** The cheapest for it, and not free. */
  readonly cost: Cost
  readonly arrivedAt: number
  readonly view: LoadView
}

/**
 * Whether it has waited for as long as the swap is worth, those it evicts have been there as long, and whoever waits
 * for them came later.
 */
export function mayReserve({ cost, arrivedAt, view }: Claim): boolean {
  const { runner, server, victims } = cost
  const { now } = view
  if (runner.state !== 'absent' || victims.length === 0 || server.loading !== undefined) return false
  let swapMs = 0
  for (const victim of victims) swapMs += policy.swapWeight * coldMs(server, victim, view)
  return victims.every(
    ({ demand, loadedAt }) => now - loadedAt >= swapMs && now - arrivedAt >= swapMs && demand.oldestAt() >= arrivedAt,
  )
}
