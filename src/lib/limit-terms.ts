/** What a key, a user or a model may be used for at most. What is absent is not limited. */
export interface LimitTerms {
  readonly requestsPerMinute?: number
  /** At a time, those that wait in the queue included. */
  readonly concurrent?: number
  /** Prompt and answer together. */
  readonly tokensPerMinute?: number
  readonly tokensPerDay?: number
  readonly tokensPerMonth?: number
  /** In the currency of the prices in the config, calendar months in UTC. */
  readonly moneyPerMonth?: number
}

type LimitName = keyof LimitTerms

const limitNames = [
  'requestsPerMinute',
  'concurrent',
  'tokensPerMinute',
  'tokensPerDay',
  'tokensPerMonth',
  'moneyPerMonth',
] as const satisfies readonly LimitName[]

/** What holds where all of them do: of each the smallest number. */
export function strictest(all: readonly (LimitTerms | null | undefined)[]): LimitTerms {
  const terms: { -readonly [kind in keyof LimitTerms]: LimitTerms[kind] } = {}
  for (const each of all) {
    for (const kind of limitNames) {
      const limit = each?.[kind]
      if (limit !== undefined) terms[kind] = Math.min(limit, terms[kind] ?? Infinity)
    }
  }
  return terms
}

export function limitsNothing(terms: LimitTerms): boolean {
  return limitNames.every((kind) => terms[kind] === undefined)
}

/** Whether `wanted` lets through nothing that `own` would not. */
export function limitsCover(own: LimitTerms, wanted: LimitTerms): boolean {
  return limitNames.every((name) => {
    const limit = own[name]
    return limit === undefined || (wanted[name] ?? Infinity) <= limit
  })
}
