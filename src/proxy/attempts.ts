import type { RetryBudget } from './retry-budget.ts'
import type { Route } from './route.ts'
import type { UpstreamError, UpstreamRequest } from './upstream.ts'

const MAX_ATTEMPTS = 3

export interface AttemptsDeps {
  readonly retries: RetryBudget
  /** How many exchanges run. */
  running(): number
}

/** How often one exchange has been asked of upstreams, and whether it may be once more. */
export class Attempts {
  readonly #deps: AttemptsDeps
  #count = 0
  #tried: Set<string> = new Set()
  /** Whether its second tries are counted in the budget. */
  #isCounted = false

  constructor(deps: AttemptsDeps) {
    this.#deps = deps
  }

  get count(): number {
    return this.#count
  }

  get tried(): ReadonlySet<string> {
    return this.#tried
  }

  begin(upstream: string): void {
    this.#count += 1
    this.#tried.add(upstream)
  }

  /** Another model is asked for: who failed with the one may well run the other. */
  forgetTried(): void {
    this.#tried = new Set()
  }

  /** Whether one more may be made after one that may have been begun, or was not. True takes from the budget. */
  mayRepeat(route: Route, body: UpstreamRequest['body'], executed: UpstreamError['executed']): boolean {
    const isUntouched = executed === 'no' || (route.retry && (body === null || Array.isArray(body)))
    if (!isUntouched || this.#count >= MAX_ATTEMPTS) return false
    this.#isCounted ||= this.#deps.retries.take(this.#deps.running())
    return this.#isCounted
  }

  over(): void {
    if (this.#isCounted) this.#deps.retries.done()
    this.#isCounted = false
  }
}
