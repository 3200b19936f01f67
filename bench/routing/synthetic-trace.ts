import { createRandom, type Random } from './random.ts'
import type { TraceEntry } from './trace-entry.ts'
import type { TraceFit } from './trace-fit.ts'

/** A trace that behaves like the one that was measured. */
export function synthesise(fit: TraceFit, seed: number): TraceEntry[] {
  const random = createRandom(seed)
  const minuteMs = fit.durationMs / fit.minutes.length
  const meanPerMinute = fit.requests / fit.minutes.length
  const entries: TraceEntry[] = []
  let debt = 0
  for (const [minute, factor] of fit.minutes.entries()) {
    const gapMs = minuteMs / (meanPerMinute * factor)
    let atMs = debt
    for (; atMs < minuteMs; atMs += gapMs * gap(fit.gapVariation, random))
      entries.push({ atMs: minute * minuteMs + atMs, ...lengths(fit, random) })
    debt = atMs - minuteMs
  }
  return entries
}

/** Of mean 1: of two exponentials, one short and one long (balanced means), for a variation above 1. */
function gap(variation: number, random: Random): number {
  const exponential = -Math.log(1 - random())
  if (variation <= 1) return exponential
  const squared = variation ** 2
  const shortShare = (1 + Math.sqrt((squared - 1) / (squared + 1))) / 2
  const isShort = random() < shortShare
  return exponential / (2 * (isShort ? shortShare : 1 - shortShare))
}

/** A mixture of equal and of independent ranks has the rank correlation that it is mixed with. */
function lengths(fit: TraceFit, random: Random): { promptTokens: number; answerTokens: number } {
  const rank = random()
  const isTied = random() < Math.abs(fit.rankCorrelation)
  const tiedRank = fit.rankCorrelation < 0 ? 1 - rank : rank
  return {
    promptTokens: valueAt(fit.promptQuantiles, rank),
    answerTokens: valueAt(fit.answerQuantiles, isTied ? tiedRank : random()),
  }
}

function valueAt(quantiles: readonly number[], rank: number): number {
  const at = rank * (quantiles.length - 1)
  const below = quantiles[Math.floor(at)] ?? 0
  const above = quantiles[Math.ceil(at)] ?? below
  return Math.round(below + (above - below) * (at - Math.floor(at)))
}
