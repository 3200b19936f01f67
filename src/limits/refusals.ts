import type { ErrorCode } from '../errors/catalogue.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { BudgetKind } from './account.ts'
import type { Budget, BudgetVerdict } from './budget.ts'
import type { Holder } from './holder.ts'

type Held = Pick<Holder, 'scope' | 'name'>

/** What runs is over at a time that nobody knows. */
const SOON_SECONDS = 1

export function tooManyRequests(holder: Held, limit: number, resetMs: number): GatewayError {
  const retryAfterSeconds = seconds(resetMs)
  const message = `${named(holder)} is limited to ${requests(limit)} a minute; try again in ${retryAfterSeconds} s`
  return new GatewayError('rate_limited', { message, retryAfterSeconds })
}

export function tooManyAtOnce(holder: Held, limit: number): GatewayError {
  const message = `${named(holder)} is limited to ${requests(limit)} at a time; try again when one is over`
  return new GatewayError('rate_limited', { message, retryAfterSeconds: SOON_SECONDS })
}

/** Why a budget has no room, and when it will have. */
export function noRoom(
  { holder, budget, verdict }: { holder: Held; budget: Budget; verdict: Exclude<BudgetVerdict['kind'], 'room'> },
  now: number,
): GatewayError {
  const limited = limitedTo(holder, budget)
  if (verdict === 'too-large')
    return new GatewayError('budget_exhausted', { message: `${limited}, and the prompt alone takes more` })
  if (verdict === 'taken') {
    const message = `${limited}, and what is left is set aside for requests that run; try again when one of them is over`
    return new GatewayError('rate_limited', { message, retryAfterSeconds: SOON_SECONDS })
  }
  const retryAfterSeconds = seconds(budget.endsAt - now)
  return new GatewayError(codeOf(budget.kind), { message: usedUp(holder, budget), retryAfterSeconds })
}

/** Said at the end of an answer that may get no longer. */
export function ranOut(holder: Held, budget: Budget): GatewayError {
  return new GatewayError('budget_exhausted', { message: usedUp(holder, budget) })
}

function usedUp(holder: Held, budget: Budget): string {
  return `${limitedTo(holder, budget)}, which are used up until ${new Date(budget.endsAt).toISOString().slice(0, 16)}Z`
}

function limitedTo(holder: Held, budget: Budget): string {
  return `${named(holder)} is limited to ${budgetText(budget)}`
}

/** A minute is worth waiting for, a day is not. */
function codeOf(kind: BudgetKind): ErrorCode {
  return kind === 'tokensPerMinute' ? 'rate_limited' : 'budget_exhausted'
}

function budgetText({ kind, limit }: Budget): string {
  switch (kind) {
    case 'tokensPerMinute':
      return `${limit} tokens a minute`
    case 'tokensPerDay':
      return `${limit} tokens a day`
    case 'tokensPerMonth':
      return `${limit} tokens a month`
    case 'moneyPerMonth':
      return `costs of ${limit} a month`
  }
}

function named({ scope, name }: Held): string {
  return `${{ key: 'The key', user: 'The user', model: 'The model' }[scope]} "${name}"`
}

function seconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000))
}

function requests(limit: number): string {
  return limit === 1 ? '1 request' : `${limit} requests`
}
