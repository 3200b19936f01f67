import type { Runner } from './runner.ts'
import type { Server } from './server.ts'

/** An upstream that may take a lane's works, and the lane's model there. */
export interface Candidate {
  readonly server: Server
  readonly runner: Runner
}

/** By tier, the best first. A slow one is left out while another of its tier is there. */
export function tiersOf(candidates: readonly Candidate[]): readonly (readonly Candidate[])[] {
  const [first] = candidates
  if (first === undefined) return []
  const { priority } = first.server.facts
  const isPlain = candidates.every(({ server }) => server.facts.priority === priority && !server.facts.slow)
  if (isPlain) return [candidates]
  const tiers = new Map<number, Candidate[]>()
  for (const candidate of candidates) {
    const { priority } = candidate.server.facts
    const tier = tiers.get(priority)
    if (tier === undefined) tiers.set(priority, [candidate])
    else tier.push(candidate)
  }
  return [...tiers].toSorted(([a], [b]) => a - b).map(([, tier]) => quickOnes(tier))
}

function quickOnes(tier: readonly Candidate[]): readonly Candidate[] {
  const quick = tier.filter(({ server }) => !server.facts.slow)
  return quick.length === 0 ? tier : quick
}
