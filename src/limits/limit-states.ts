import type { HeldBudget } from './expectation.ts'
import type { Holder } from './holder.ts'
import type { LimitState } from './limit-headers.ts'
import type { RequestRate } from './request-rates.ts'

/** How the requests of a holder stand in its minute. */
export interface RatedHolder extends RequestRate {
  readonly holder: Holder
}

/** Of the limit of requests with the fewest left; null where there is none. */
export function requestState(rates: readonly RatedHolder[]): LimitState | null {
  let tightest: LimitState | null = null
  for (const { holder, count, resetMs } of rates) {
    const limit = holder.terms.requestsPerMinute ?? 0
    const remaining = Math.max(0, limit - count)
    if (tightest === null || remaining < tightest.remaining) tightest = { limit, remaining, resetMs }
  }
  return tightest
}

/** Of the budget of tokens with the fewest left, once `taken` more are set aside; null where there is none. */
export function tokenState(budgets: readonly HeldBudget[], taken: number, now: number): LimitState | null {
  let tightest: LimitState | null = null
  for (const { budget } of budgets) {
    if (budget.kind === 'moneyPerMonth') continue
    const remaining = Math.max(0, budget.limit - budget.used - budget.reserved - taken)
    if (tightest !== null && remaining >= tightest.remaining) continue
    tightest = { limit: budget.limit, remaining, resetMs: budget.endsAt - now }
  }
  return tightest
}
