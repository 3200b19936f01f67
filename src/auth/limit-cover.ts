import type { LimitTerms } from '../limits/limit-terms.ts'

export type LimitName = keyof LimitTerms

export const limitNames = [
  'requestsPerMinute',
  'concurrent',
  'tokensPerMinute',
  'tokensPerDay',
  'tokensPerMonth',
  'moneyPerMonth',
] as const satisfies readonly LimitName[]

/** What holds where both do. */
export function strictest(...all: readonly (LimitTerms | null | undefined)[]): LimitTerms {
  const known = limitNames.flatMap((name) => {
    const limits = all.flatMap((terms) => terms?.[name] ?? [])
    return limits.length === 0 ? [] : [[name, Math.min(...limits)]]
  })
  return Object.fromEntries(known) as LimitTerms
}

/** Whether `wanted` lets through nothing that `own` would not. */
export function limitsCover(own: LimitTerms, wanted: LimitTerms): boolean {
  return limitNames.every((name) => {
    const limit = own[name]
    return limit === undefined || (wanted[name] ?? Infinity) <= limit
  })
}
