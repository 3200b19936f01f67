import type { Candidate } from './candidate.ts'
import { policy } from './policy.ts'
import type { Evictions } from './server.ts'
import type { Lane } from './lane.ts'

/** Where what waits in a lane should be loaded besides, where that costs nobody anything: of those the quickest. */
export function placeToPreload(lane: Lane, now: number): (Candidate & Pick<Evictions, 'victims'>) | undefined {
  let best: (Candidate & Pick<Evictions, 'victims'>) | undefined
  for (const { server, runner } of lane.tiers[0] ?? []) {
    if (server.isProvider) continue
    // One more is on its way already.
    if (runner.state === 'loading') return undefined
    if (runner.state === 'loaded' || server.loading !== undefined || server.isFull) continue
    const { victims, isBlocked } = server.evictionsFor(runner.bytes)
    if (isBlocked || victims.some(({ demand }) => demand.wantedAgain(now) > policy.unwantedChance)) continue
    if (victims.length > 0 && server.running > 0) continue
    if (best === undefined || runner.serviceMs < best.runner.serviceMs) best = { server, runner, victims }
  }
  return best
}
