import type { LineLogCounts } from './line-log.ts'

/** What is read when somebody asks for the metrics, and not before. What a gateway does not have is left out. */
export interface MetricsSources {
  upstreams?(): readonly UpstreamReading[]
  queues?(): readonly QueueReading[]
  /** Agents that are connected, by pool. */
  agents?(): ReadonlyMap<string, number>
  runningExchanges?(): number
  requestLog?(): LineLogCounts
  bodyLog?(): LineLogCounts
  traceSpans?(): TraceSpanCounts
  cache?(): CacheReading
  ledger?(): LedgerReading
  process?(): ProcessReading
}

export interface UpstreamReading {
  readonly name: string
  readonly state: 'up' | 'down' | 'unknown' | 'draining' | 'disabled'
  readonly running: number
  readonly waiting: number
  readonly roundTripMs: number | null
  readonly models: readonly ModelReading[]
}

export interface ModelReading {
  readonly model: string
  readonly state: 'loading' | 'loaded'
  readonly running: number
  /** Null: no limit. */
  readonly slots: number | null
}

export interface QueueReading {
  readonly model: string
  readonly waiting: number
  readonly longestWaitMs: number
}

export interface CacheReading {
  readonly answers: number
  readonly bytes: number
}

export interface LedgerReading {
  readonly written: number
  readonly lost: number
  readonly waiting: number
  readonly lagMs: number
  /** Null while it works. */
  readonly failingSince: number | null
}

export interface TraceSpanCounts {
  readonly exported: number
  readonly dropped: number
}

export interface ProcessReading {
  readonly version: string
  readonly runtime: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly userCpuSeconds: number
  readonly systemCpuSeconds: number
  readonly residentBytes: number
}
