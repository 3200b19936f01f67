import { type Account, type BudgetKind, periodOf } from './account.ts'
import type { Calendar } from './calendar.ts'
import type { LimitTerms } from '../lib/limit-terms.ts'
import type { TokenPrice } from './prices.ts'

/** How much of something there is until a period ends, and where that stands. */
export interface Budget {
  readonly kind: BudgetKind
  readonly limit: number
  readonly used: number
  /** Set aside for what runs. */
  readonly reserved: number
  /** Milliseconds since the epoch: then it is whole again. */
  readonly endsAt: number
}

/** What an exchange is expected to take. */
export interface Expected {
  readonly promptTokens: number
  readonly answerTokens: number
  /** With less it is not worth beginning: an embedding has no answer to speak of. */
  readonly leastAnswerTokens: 0 | 1
  /** Null: the model costs nothing. */
  readonly price: TokenPrice | null
}

/**
 * - `room`: for an answer of so many tokens.
 * - `taken`: what runs has set the rest aside, and may well give some back.
 * - `used-up`: until the period ends.
 * - `too-large`: even a whole budget is too small for the prompt.
 */
export type BudgetVerdict =
  | { readonly kind: 'room'; readonly answerTokens: number }
  | { readonly kind: 'taken' | 'used-up' | 'too-large' }

const kinds = Object.keys(periodOf) as readonly BudgetKind[]

export function budgetsOf(terms: LimitTerms, account: Account, calendar: Calendar): Budget[] {
  const budgets: Budget[] = []
  for (const kind of kinds) {
    const limit = terms[kind]
    if (limit === undefined) continue
    const reserved = kind === 'moneyPerMonth' ? account.reservedMoney : account.reservedTokens
    budgets.push({ kind, limit, used: account.used(kind, calendar), reserved, endsAt: calendar[periodOf[kind]].end })
  }
  return budgets
}

/** Whoever is alone gets what is left, however little; beside others only what is usual. */
export function judgeBudget(budget: Budget, expected: Expected): BudgetVerdict {
  const { answerTokens, leastAnswerTokens } = expected
  const left = budget.limit - budget.used
  const room = answerRoom(budget.kind, left - budget.reserved, expected)
  if (room >= answerTokens) return { kind: 'room', answerTokens }
  if (room >= leastAnswerTokens && budget.reserved <= 0) return { kind: 'room', answerTokens: room }
  if (answerRoom(budget.kind, left, expected) >= leastAnswerTokens) return { kind: 'taken' }
  return { kind: answerRoom(budget.kind, budget.limit, expected) < leastAnswerTokens ? 'too-large' : 'used-up' }
}

/** How many more tokens an answer that runs may be. */
export function moreRoom({ kind, limit, used, reserved }: Budget, price: TokenPrice | null): number {
  return answerRoom(kind, limit - used - reserved, { promptTokens: 0, price })
}

/** How long an answer may be that takes no more than `left`, its prompt included; below zero: not even that fits. */
function answerRoom(kind: BudgetKind, left: number, { promptTokens, price }: Pick<Expected, 'promptTokens' | 'price'>) {
  if (kind !== 'moneyPerMonth') return left - promptTokens
  if (price === null) return Infinity
  const forAnswer = left - promptTokens * price.prompt
  if (forAnswer <= 0) return -1
  // Sums of fractions fall a little short of the whole tokens they stand for.
  return price.completion === 0 ? Infinity : Math.floor(forAnswer / price.completion + 1e-6)
}
