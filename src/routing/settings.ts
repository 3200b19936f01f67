export interface RoutingSettings {
  readonly modelTtlMs: number
  readonly connectTimeoutMs: number
  readonly firstByteTimeoutMs: number
  readonly idleTimeoutMs: number
  /** Share of exchanges that may be tried a second time, 0 to 1. */
  readonly retryBudget: number
  readonly healthIntervalMs: number
}
