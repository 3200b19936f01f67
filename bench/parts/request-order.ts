import type { Target } from './target.ts'

/** What the request driver shall do. */
export interface RequestOrder {
  readonly target: Target
  readonly connections: number
  readonly requests: number
  readonly abortEvery: number
  readonly reportEvery: number
}

export interface RequestReport {
  readonly over: number
  /** Requests that nobody gave up and that had no good answer. */
  readonly failed: number
}
