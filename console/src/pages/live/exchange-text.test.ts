import { describe, expect, it } from 'vitest'
import type { Exchange } from '../../admin-types.ts'
import { matches, stateText } from './exchange-text.ts'

const exchange: Exchange = {
  id: 'id-1',
  user: 'Ada',
  key_name: 'laptop',
  method: 'POST',
  path: '/api/chat',
  dialect: 'ollama',
  model_asked: 'gpt-4o-mini',
  model: 'qwen3:8b',
  upstream: 'gpu-1',
  state: 'sent',
  position: null,
  started_at: '2026-01-01T00:00:00.000Z',
  attempts: 1,
  cache: null,
  queue_ms: null,
  first_token_ms: null,
  total_ms: null,
  chunks: 0,
  prompt_tokens: null,
  tokens: null,
  tokens_per_second: null,
  status: null,
  ending: null,
  error: null,
}

describe('a search among exchanges', () => {
  it.each(['', '  ', 'ada', 'QWEN3', 'mini gpu-1', 'laptop /api'])('finds with "%s"', (search) => {
    expect(matches(exchange, search)).toBe(true)
  })

  it('needs every word', () => {
    expect(matches(exchange, 'ada gpu-2')).toBe(false)
  })
})

describe('the state of an exchange', () => {
  it.each<[Partial<Exchange>, string, string]>([
    [{ state: 'queued' }, 'busy', 'arrived'],
    [{ state: 'queued', position: 3 }, 'pause', 'waits, place 3'],
    [{ state: 'sent' }, 'busy', 'asked'],
    [{ state: 'streaming' }, 'good', 'answering'],
    [{ state: 'ended', ending: 'complete', status: 200 }, 'good', 'done'],
    [{ state: 'ended', ending: 'complete', status: 404, error: null }, 'bad', 'status 404'],
    [{ state: 'ended', ending: 'refused', status: 429, error: 'rate_limited' }, 'warn', 'rate_limited'],
    [{ state: 'ended', ending: 'upstream-failed', status: 502, error: null }, 'bad', 'upstream failed'],
    [{ state: 'ended', ending: 'key-revoked', status: 200 }, 'warn', 'key revoked'],
  ])('%j is %s: %s', (change, kind, text) => {
    expect(stateText({ ...exchange, ...change })).toEqual({ kind, text })
  })
})
