import type { GatewayError } from '../errors/gateway-error.ts'
import type { ReserveRequest } from '../proxy/limits-port.ts'
import { type Budget, budgetsOf, type Expected, judgeBudget } from './budget.ts'
import type { Calendar } from './calendar.ts'
import type { Holder } from './holder.ts'
import type { LimitBook } from './limit-book.ts'
import type { PriceList } from './prices.ts'
import { noRoom } from './refusals.ts'

/** A budget, and whose it is. */
export interface HeldBudget {
  readonly holder: Holder
  readonly budget: Budget
}

export function heldBudgets(holders: readonly Holder[], today: Calendar): HeldBudget[] {
  return holders.flatMap((holder) =>
    budgetsOf(holder.terms, holder.account, today).map((budget) => ({ holder, budget })),
  )
}

/** What a request is going to take, as far as anybody can tell before it runs. */
export function expectationOf(
  { route, model, prompt }: Pick<ReserveRequest, 'route' | 'model' | 'prompt'>,
  { book, prices }: { readonly book: Pick<LimitBook, 'usualAnswer'>; readonly prices: Pick<PriceList, 'priceOf'> },
): Expected {
  const answers = route.scope !== 'embed'
  return {
    promptTokens: prompt.tokens,
    answerTokens: answers ? book.usualAnswer(model ?? '') : 0,
    leastAnswerTokens: answers ? 1 : 0,
    price: prices.priceOf(model),
  }
}

/** The same with an answer no longer than every budget has room for, or why one has none. */
export function fitExpectation(
  budgets: readonly HeldBudget[],
  expected: Expected,
  now: number,
): Expected | GatewayError {
  let { answerTokens } = expected
  for (const { holder, budget } of budgets) {
    const verdict = judgeBudget(budget, expected)
    if (verdict.kind !== 'room') return noRoom({ holder, budget, verdict: verdict.kind }, now)
    answerTokens = Math.min(answerTokens, verdict.answerTokens)
  }
  return { ...expected, answerTokens }
}
