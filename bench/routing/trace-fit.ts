import type { TraceEntry } from './trace-entry.ts'

/** What was measured of a trace, enough to make another that behaves like it. */
export interface TraceFit {
  readonly source: string
  readonly requests: number
  readonly durationMs: number
  /** Requests of each minute beside the mean minute. */
  readonly minutes: readonly number[]
  /** Within a minute: standard deviation of the gaps over their mean; 1 is by pure chance. */
  readonly gapVariation: number
  /** Values at equal steps of probability, from the smallest to nearly the largest. */
  readonly promptQuantiles: readonly number[]
  readonly answerQuantiles: readonly number[]
  /** Of the ranks of prompt and answer length. */
  readonly rankCorrelation: number
}

/** Measures a trace. */
export function fitTrace(entries: readonly TraceEntry[], source: string): TraceFit {
  const durationMs = entries.at(-1)?.atMs ?? 0
  const minuteCount = Math.max(1, Math.round(durationMs / 60_000))
  const counts = Array.from({ length: minuteCount }, () => 0)
  for (const { atMs } of entries) {
    const minute = Math.min(minuteCount - 1, Math.floor((atMs / durationMs) * minuteCount))
    counts[minute] = (counts[minute] ?? 0) + 1
  }
  const prompts = entries.map((entry) => entry.promptTokens)
  const answers = entries.map((entry) => entry.answerTokens)
  return {
    source,
    requests: entries.length,
    durationMs: Math.round(durationMs),
    minutes: counts.map((count) => rounded((count * minuteCount) / entries.length)),
    gapVariation: rounded(gapVariation(entries, durationMs / minuteCount)),
    promptQuantiles: quantiles(prompts),
    answerQuantiles: quantiles(answers),
    rankCorrelation: rounded(correlation(ranks(prompts), ranks(answers))),
  }
}

function gapVariation(entries: readonly TraceEntry[], minuteMs: number): number {
  const byMinute = Map.groupBy(entries, (entry) => Math.floor(entry.atMs / minuteMs))
  const relative = [...byMinute.values()].flatMap((minute) => {
    const gaps = minute.slice(1).map((entry, index) => entry.atMs - (minute[index]?.atMs ?? 0))
    const mean = gaps.reduce((sum, value) => sum + value, 0) / gaps.length
    return gaps.map((value) => value / mean)
  })
  return Math.sqrt(relative.reduce((sum, value) => sum + (value - 1) ** 2, 0) / relative.length)
}

const QUANTILE_STEPS = 40

function quantiles(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b)
  return Array.from({ length: QUANTILE_STEPS + 1 }, (_, step) => {
    // The very longest is one of thousands, and would stand for a fortieth.
    const share = Math.min(step / QUANTILE_STEPS, 0.999)
    return sorted[Math.round(share * (sorted.length - 1))] ?? 0
  })
}

function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0))
  const result = values.map(() => 0)
  for (const [rank, index] of order.entries()) result[index] = rank
  return result
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const meanA = a.reduce((sum, value) => sum + value, 0) / a.length
  const meanB = b.reduce((sum, value) => sum + value, 0) / b.length
  let [both, squaresA, squaresB] = [0, 0, 0]
  for (const [index, value] of a.entries()) {
    const other = (b[index] ?? 0) - meanB
    both += (value - meanA) * other
    squaresA += (value - meanA) ** 2
    squaresB += other ** 2
  }
  return both / Math.sqrt(squaresA * squaresB)
}

function rounded(value: number): number {
  return Number(value.toFixed(3))
}
