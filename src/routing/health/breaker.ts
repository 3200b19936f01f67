/** Whether requests are kept away from what has failed several of them. Never changed; each event makes a new one. */
export interface Breaker {
  /** `trial`: one request shall find out; `recovering`: it is trusted with a few, and with more after each success. */
  readonly phase: 'closed' | 'open' | 'trial' | 'recovering'
  /** Requests at once that it is trusted with. */
  readonly admits: number
  /** Failures in a row. */
  readonly failures: number
  /** When an open one is tried again. */
  readonly until: number
  /** How often it opened since it was last closed. */
  readonly openings: number
}

export interface BreakerRules {
  /** The first cool-off; each following one is twice as long. */
  readonly coolOffMs: number
  readonly maxCoolOffMs: number
}

const FAILURES_UNTIL_OPEN = 3
/** More than these at once is more than most servers run: slow start ends. */
const TRUSTED = 8

export const CLOSED: Breaker = { phase: 'closed', admits: Infinity, failures: 0, until: Infinity, openings: 0 }

export function afterFailure(breaker: Breaker, at: number, rules: BreakerRules): Breaker {
  // What fails while it is open was sent before.
  if (breaker.phase === 'open') return breaker
  const failures = breaker.failures + 1
  if (breaker.phase === 'closed' && failures < FAILURES_UNTIL_OPEN) return { ...breaker, failures }
  const coolOffMs = Math.min(rules.maxCoolOffMs, rules.coolOffMs * 2 ** breaker.openings)
  return { phase: 'open', admits: 0, failures, until: at + coolOffMs, openings: breaker.openings + 1 }
}

export function afterSuccess(breaker: Breaker): Breaker {
  switch (breaker.phase) {
    case 'closed':
      return breaker.failures === 0 ? breaker : CLOSED
    case 'open':
      return breaker
    case 'trial':
    case 'recovering': {
      const admits = breaker.admits * 2
      return admits > TRUSTED ? CLOSED : { ...breaker, phase: 'recovering', failures: 0, admits }
    }
  }
}

/** An open one that has cooled off is tried with one request. */
export function afterPause(breaker: Breaker, at: number): Breaker {
  if (breaker.phase !== 'open' || at < breaker.until) return breaker
  return { ...breaker, phase: 'trial', admits: 1, until: Infinity }
}
