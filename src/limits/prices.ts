import type { TokenUsage } from '../dialects/token-usage.ts'
import { modelMatcher } from '../lib/model-matcher.ts'
import type { ModelPrice } from '../proxy/settings.ts'
import { createModelMemo } from './model-memo.ts'

/** Of one token. */
export interface TokenPrice {
  readonly prompt: number
  readonly completion: number
}

export interface PriceList {
  /** Null: it costs nothing. */
  priceOf(model: string | null): TokenPrice | null
  /** Of one answer. */
  costOf(model: string | null, usage: Pick<TokenUsage, 'promptTokens' | 'completionTokens'>): number
}

const MILLION = 1_000_000

export function createPriceList(prices: readonly ModelPrice[]): PriceList {
  const compiled = prices.map(({ match, prompt, completion }) => ({
    fits: modelMatcher(match),
    price: { prompt: prompt / MILLION, completion: completion / MILLION },
  }))
  const known = createModelMemo((model) => {
    const price = compiled.find(({ fits }) => fits(model))?.price ?? null
    return price?.prompt === 0 && price.completion === 0 ? null : price
  })
  const priceOf: PriceList['priceOf'] = (model) => (model === null || compiled.length === 0 ? null : known(model))
  return {
    priceOf,
    costOf(model, { promptTokens, completionTokens }) {
      const price = priceOf(model)
      return price === null ? 0 : (promptTokens ?? 0) * price.prompt + (completionTokens ?? 0) * price.completion
    },
  }
}
