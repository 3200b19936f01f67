import { runStreams } from './run-streams.ts'
import { percentile } from './statistics.ts'
import type { Target } from './target.ts'

export const FIRST_TOKEN_STREAMS = 32
const CHUNKS = 15

/** Milliseconds to the first token of each of some short streams, on connections that are there already. */
export async function runFirstTokens(target: Target, forMs: number): Promise<readonly number[]> {
  const order = { target, streams: FIRST_TOKEN_STREAMS, chunks: CHUNKS, rampMs: 300, forMs, windowMs: null }
  return (await runStreams(order, () => {})).firstTokens
}

export function describeFirstTokens(name: string, times: readonly number[]): string {
  const [p50, p90, p99] = [50, 90, 99].map((percent) => percentile(times, percent).toFixed(2))
  return `- ${name}: ${times.length} streams, p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms`
}
