import { expect, it } from 'vitest'
import type { Exchange } from '../../admin-types.ts'
import { newestFirst } from './exchange-history.ts'

/** Only what this looks at. */
function exchange(id: string, second: number, state: Exchange['state']): Exchange {
  return { id, started_at: `2026-03-05T15:00:0${second}Z`, state } as Exchange
}

it('has each once, as it is known last', () => {
  const history = [exchange('a', 1, 'streaming'), exchange('b', 2, 'ended')]
  const live = [exchange('c', 3, 'queued'), exchange('a', 1, 'ended'), exchange('b', 2, 'streaming')]
  expect(newestFirst(history, live).map(({ id, state }) => [id, state])).toEqual([
    ['c', 'queued'],
    ['b', 'ended'],
    ['a', 'ended'],
  ])
})
