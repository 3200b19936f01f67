import type { LimitTerms } from '../lib/limit-terms.ts'
import { budgetsOf } from './budget.ts'
import type { Calendar } from './calendar.ts'
import type { Holder } from './holder.ts'
import type { RequestRates } from './request-rates.ts'

/** How much of one limit is used now. */
export interface LimitUse {
  readonly scope: Holder['scope']
  /** Of the key, the user or the model. */
  readonly name: string
  readonly kind: keyof LimitTerms
  readonly limit: number
  readonly used: number
  /** For what runs, beside what is used. */
  readonly reserved: number
  /** Milliseconds since the epoch: then it is whole again; null where that is no matter of time. */
  readonly endsAt: number | null
}

export interface LimitUseDeps {
  readonly rates: Pick<RequestRates, 'look'>
  readonly calendar: (now: number) => Calendar
}

/** Every limit of `holders`, used or not. */
export async function limitUses(
  holders: readonly Holder[],
  { rates, calendar }: LimitUseDeps,
  now: number,
): Promise<LimitUse[]> {
  const today = calendar(now)
  const uses = await Promise.all(
    holders.map(async (holder) => [
      ...(await requestUse(holder, rates, now)),
      ...concurrentUse(holder),
      ...budgetUses(holder, today),
    ]),
  )
  return uses.flat()
}

/** Those of which most is gone, the fullest first. */
export function fullest(uses: readonly LimitUse[], most: number): LimitUse[] {
  return uses.toSorted((a, b) => fullness(b) - fullness(a)).slice(0, most)
}

function fullness({ used, reserved, limit }: LimitUse): number {
  return (used + reserved) / limit
}

async function requestUse({ scope, name, terms, rateName }: Holder, rates: LimitUseDeps['rates'], now: number) {
  const limit = terms.requestsPerMinute
  if (limit === undefined) return []
  const rate = await rates.look(rateName)
  // Whoever is refused is counted for a moment, too.
  const used = Math.min(rate?.count ?? 0, limit)
  const endsAt = rate === undefined ? null : now + rate.resetMs
  return [{ scope, name, kind: 'requestsPerMinute', limit, used, reserved: 0, endsAt } as const]
}

function concurrentUse({ scope, name, terms, account }: Holder): LimitUse[] {
  const limit = terms.concurrent
  if (limit === undefined) return []
  return [{ scope, name, kind: 'concurrent', limit, used: account.running, reserved: 0, endsAt: null }]
}

function budgetUses({ scope, name, terms, account }: Holder, today: Calendar): LimitUse[] {
  return budgetsOf(terms, account, today).map((budget) => ({ scope, name, ...budget }))
}
