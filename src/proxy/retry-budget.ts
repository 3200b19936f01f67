/** Second tries in flight, bounded by a share of what runs, so that a failing fleet is not asked twice as much. */
export interface RetryBudget {
  /** False: there have been enough. A true one is owed a `done`. */
  take(running: number): boolean
  done(): void
}

/** Envoy's floor: a share of a handful of exchanges would allow none. */
const ALWAYS_ALLOWED = 3

export function createRetryBudget(share: number): RetryBudget {
  let inFlight = 0
  return {
    take(running) {
      if (inFlight >= Math.max(ALWAYS_ALLOWED, running * share)) return false
      inFlight++
      return true
    },
    done: () => void inFlight--,
  }
}
