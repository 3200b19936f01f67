export interface DispatchOptions {
  readonly maxLength: number
  readonly maxWaitMs: number
  /** A worse tier is used when the better one's wait is longer than this. */
  readonly spillAfterMs: number
  readonly affinity: boolean
}
