import { GatewayError } from '../errors/gateway-error.ts'
import type { Clock } from '../lib/clock.ts'
import type { Principal } from '../auth/principal.ts'
import type { LimitRefusal, LimitsPort, Reserved, ReserveRequest } from '../proxy/limits-port.ts'
import type { Expected } from './budget.ts'
import { expectationOf, fitExpectation, type HeldBudget, heldBudgets } from './expectation.ts'
import { HeldReservation } from './held-reservation.ts'
import type { Holder } from './holder.ts'
import { createHolders } from './holders.ts'
import type { LimitBook } from './limit-book.ts'
import { limitHeaders } from './limit-headers.ts'
import { type RatedHolder, requestState, tokenState } from './limit-states.ts'
import { fullest, type LimitUse, limitUses } from './limit-use.ts'
import type { PriceList } from './prices.ts'
import { tooManyAtOnce, tooManyRequests } from './refusals.ts'
import type { RequestRates } from './request-rates.ts'
import type { LimitSettings } from './settings.ts'

export interface LimitsDeps {
  readonly book: LimitBook
  readonly prices: PriceList
  readonly clock: Clock
}

export interface Limits extends LimitsPort {
  /** How much is used of the limits of a key and its user, where they have any. */
  usesOf(principal: Principal): Promise<LimitUse[]>
  /** Of all limits of those who have used something, the `most` of which most is gone. */
  fullestUses(principals: Iterable<Principal>, most: number): Promise<LimitUse[]>
}

/** A request and those whose limits it has to keep, with their budgets as they stood before it. */
interface Asked {
  readonly request: ReserveRequest
  readonly holders: readonly Holder[]
  readonly budgets: readonly HeldBudget[]
  readonly now: number
}

/** What may be used, by the terms of one config; of all limits that concern a request the strictest holds. */
export function createLimits({ book, prices, clock }: LimitsDeps, settings: LimitSettings): Limits {
  const holders = createHolders(book, settings)
  const today = () => book.calendar(clock.now())

  function hold(asked: Asked): HeldReservation | GatewayError {
    const { holders, request, budgets, now } = asked
    const full = holders.find(({ terms, account }) => account.running >= (terms.concurrent ?? Infinity))
    if (full !== undefined) return tooManyAtOnce(full, full.terms.concurrent ?? 0)
    let expected: Expected | null = null
    if (budgets.length > 0) {
      const fitted = fitExpectation(budgets, expectationOf(request, { book, prices }), now)
      if (fitted instanceof GatewayError) return fitted
      expected = fitted
    }
    return new HeldReservation({ holders, expected, ends: settings.onExhausted === 'end', today })
  }

  return {
    reserve(request) {
      const now = clock.now()
      const kept = holders.of(request, now)
      if (kept.length === 0) return undefined
      const budgets = request.route.kind === 'generate' ? heldBudgets(kept, book.calendar(now)) : []
      const asked = { request, holders: kept, budgets, now }
      const held = hold(asked)
      if (held instanceof GatewayError) return refusal(held, asked, [])
      const rated = kept.filter(({ terms }) => terms.requestsPerMinute !== undefined)
      if (rated.length > 0) return countRequest(held, { ...asked, rated }, book.rates)
      held.headers = headersOf(asked, [], held)
      return held
    },
    usesOf(principal) {
      const now = clock.now()
      return limitUses(holders.of({ principal, model: null }, now), book, now)
    },
    async fullestUses(principals, most) {
      return fullest(await limitUses(holders.active(principals), book, clock.now()), most)
    },
  }
}

/** Counts it with everybody who limits requests; it is let in where none of them has too many. */
async function countRequest(
  held: HeldReservation,
  asked: Asked & { readonly rated: readonly Holder[] },
  rates: RequestRates,
): Promise<Reserved> {
  // All at once: nobody else's request comes in between.
  const counted = await Promise.all(
    asked.rated.map(async (holder): Promise<RatedHolder> => ({ holder, ...(await rates.take(holder.rateName)) })),
  )
  const over = counted.find(({ holder, count }) => count > (holder.terms.requestsPerMinute ?? Infinity))
  if (over === undefined) {
    held.headers = headersOf(asked, counted, held)
    return held
  }
  held.release()
  await Promise.all(counted.map(({ holder }) => rates.giveBack(holder.rateName)))
  const before = counted.map((each) => ({ ...each, count: each.count - 1 }))
  return refusal(tooManyRequests(over.holder, over.holder.terms.requestsPerMinute ?? 0, over.resetMs), asked, before)
}

function refusal(error: GatewayError, asked: Asked, rates: readonly RatedHolder[]): LimitRefusal {
  return { kind: 'refused', error, headers: headersOf(asked, rates, null) }
}

function headersOf(
  { request, budgets, now }: Asked,
  rates: readonly RatedHolder[],
  held: HeldReservation | null,
): string[] {
  const states = { requests: requestState(rates), tokens: tokenState(budgets, held?.tokens ?? 0, now) }
  return limitHeaders(states, request.route.dialect, now)
}
