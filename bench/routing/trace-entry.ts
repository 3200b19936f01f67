/** One request of a trace of real ones. */
export interface TraceEntry {
  /** Since the first one. */
  readonly atMs: number
  readonly promptTokens: number
  readonly answerTokens: number
}
