import { expect, it } from 'vitest'
import type { Exchange } from '../../admin-types.ts'
import { filterExchanges } from './exchange-search.ts'

const done: Exchange = {
  id: 'x1',
  user: 'ann',
  key_name: 'laptop',
  method: 'POST',
  path: '/api/chat',
  dialect: 'ollama',
  model_asked: 'gpt-4o',
  model: 'qwen3:8b',
  upstream: 'gpu-1',
  state: 'ended',
  position: null,
  started_at: '2026-03-05T15:00:00Z',
  attempts: 1,
  cache: null,
  queue_ms: 1,
  first_token_ms: 200,
  total_ms: 900,
  chunks: 12,
  prompt_tokens: 10,
  tokens: 12,
  tokens_per_second: 20,
  status: 200,
  ending: 'complete',
  error: null,
}
const limited: Exchange = { ...done, id: 'x2', status: 429, ending: 'refused', error: 'rate_limited', user: 'ben' }
const left: Exchange = { ...done, id: 'x3', ending: 'client-gone' }
const running: Exchange = { ...done, id: 'x4', state: 'streaming', ending: null, total_ms: null }
const all = [done, limited, left, running]

it('tells what went well from what did not, and finds by any field', () => {
  const found = (search: string, outcome: 'all' | 'bad' | 'good' | 'running' = 'all'): string[] =>
    filterExchanges(all, { search, outcome }).map(({ id }) => id)
  expect(found('ben')).toEqual(['x2'])
  expect(found('GPT-4o gpu-1')).toHaveLength(4)
  expect(found('', 'good')).toEqual(['x1'])
  expect(found('', 'bad')).toEqual(['x2', 'x3'])
  expect(found('', 'running')).toEqual(['x4'])
  // The error of an upstream itself is passed on whole.
  expect(filterExchanges([{ ...done, status: 404 }], { search: '', outcome: 'bad' })).toHaveLength(1)
})
