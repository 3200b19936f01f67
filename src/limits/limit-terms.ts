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
