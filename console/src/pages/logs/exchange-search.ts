import type { Exchange } from '../../admin-types.ts'
import { matches } from '../live/exchange-text.ts'

export const outcomes = [
  { id: 'all', label: 'All' },
  { id: 'running', label: 'Running' },
  { id: 'good', label: 'Answered' },
  { id: 'bad', label: 'Failed, refused or left' },
] as const

export type OutcomeId = (typeof outcomes)[number]['id']

export interface ExchangeFilter {
  readonly search: string
  readonly outcome: OutcomeId
}

/** Those of one kind that have all words of the search. */
export function filterExchanges(exchanges: readonly Exchange[], { search, outcome }: ExchangeFilter): Exchange[] {
  return exchanges.filter((exchange) => isOf(exchange, outcome) && matches(exchange, search))
}

function isOf({ state, ending, status }: Exchange, wanted: OutcomeId): boolean {
  if (wanted === 'all') return true
  if (state !== 'ended') return wanted === 'running'
  const isGood = ending === 'complete' && (status ?? 200) < 400
  return wanted === (isGood ? 'good' : 'bad')
}
