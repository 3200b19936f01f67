import type { Candidate } from './candidate.ts'
import { type Ask, type Cost, costOf, type CostView } from './cost.ts'
import type { Lane } from './lane.ts'
import { policy } from './policy.ts'

export interface ChoiceView extends Omit<CostView, 'limitMs'> {
  readonly spillAfterMs: number
  /** Counts grants, so that equals take turns. */
  readonly turn: number
}

/** The cheapest, free or not: of the best tier, and of worse ones where that lets wait too long. */
export function choose(ask: Ask, tiers: Lane['tiers'], view: ChoiceView): Cost | undefined {
  const hasWaited = view.now - ask.work.arrivedAt > view.spillAfterMs
  const { now, estimates, scarcity, affinity } = view
  const bounded = { now, estimates, scarcity, affinity, limitMs: Number.POSITIVE_INFINITY, isOnly: isOnlyOne(tiers) }
  let best: Cost | undefined
  for (const tier of tiers) {
    // Those where it is loaded come first: after them hardly any other is worth a closer look.
    for (const mustLoad of [false, true]) {
      for (let index = 0; index < tier.length; index += 1) {
        const candidate = tier[(index + view.turn) % tier.length]
        if (candidate === undefined || isAbsent(candidate) !== mustLoad) continue
        const cost = costOf(ask, candidate, bounded)
        if (cost === undefined) continue
        best = cost
        bounded.limitMs = cost.totalMs - policy.tieMs
      }
    }
    if (best !== undefined && !hasWaited && best.waitMs + best.loadMs <= view.spillAfterMs) break
  }
  return best
}

/** The choice is then only whether it is sent now. */
function isOnlyOne(tiers: Lane['tiers']): boolean {
  return tiers.length === 1 && tiers[0]?.length === 1
}

function isAbsent({ server, runner }: Candidate): boolean {
  return runner.state === 'absent' && !server.isProvider
}
