import { type Ask, type Cost, costOf, type CostView } from './cost.ts'
import { policy } from './policy.ts'
import type { Lane } from './wait-queue.ts'

export interface ChoiceView extends CostView {
  readonly spillAfterMs: number
  /** Counts grants, so that equals take turns. */
  readonly turn: number
}

/** The cheapest, free or not: of the best tier, and of worse ones where that lets wait too long. */
export function choose(ask: Ask, tiers: Lane['tiers'], view: ChoiceView): Cost | undefined {
  const hasWaited = view.now - ask.work.arrivedAt > view.spillAfterMs
  let best: Cost | undefined
  for (const tier of tiers) {
    let startMs = Number.POSITIVE_INFINITY
    for (let index = 0; index < tier.length; index += 1) {
      const candidate = tier[(index + view.turn) % tier.length]
      if (candidate === undefined) continue
      const cost = costOf(ask, candidate, view)
      startMs = Math.min(startMs, cost.waitMs + cost.loadMs)
      if (best === undefined || cost.totalMs < best.totalMs - policy.tieMs) best = cost
    }
    if (!hasWaited && startMs <= view.spillAfterMs) break
  }
  return best
}
