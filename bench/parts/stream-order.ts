import type { Target } from './target.ts'

/** What the stream driver shall do. */
export interface StreamOrder {
  readonly target: Target
  readonly streams: number
  /** Of each stream. */
  readonly chunks: number
  /** Over which the streams begin. */
  readonly rampMs: number
  /** No stream begins after this. */
  readonly forMs: number
  /** How long to measure once all streams flow; null: no such reports. */
  readonly windowMs: number | null
}

/** Sums since the driver began; times in milliseconds since the last report. */
export interface StreamReport {
  readonly what: 'begin' | 'end' | 'done'
  readonly chunks: number
  readonly streams: number
  /** Streams that were not, to the byte, what the upstream sent. */
  readonly broken: number
  readonly firstTokens: readonly number[]
  readonly gaps: readonly number[]
}
