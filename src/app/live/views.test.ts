import { describe, expect, it } from 'vitest'
import { exchangeSchema } from '../../admin/exchange-schemas.ts'
import type { WatchedExchange } from '../../proxy/exchange-request.ts'
import { ExchangeTrace } from '../../proxy/exchange-trace.ts'
import { exchangeRecord } from '../../telemetry/__fixtures__/exchange-record.ts'
import { endedView, runningView } from './views.ts'

const SECRET = 'crl_0123456789abcdefghijklmnop'

function watched(change: Partial<WatchedExchange> = {}): WatchedExchange {
  const trace = new ExchangeTrace('x1', 'POST')
  trace.path = '/api/chat'
  return { trace, stage: 'queued', tokens: null, status: null, position: () => null, ...change }
}

describe('an exchange that runs', () => {
  it('has no times that are not known yet, and its place', () => {
    const { trace, ...rest } = watched()
    const view = exchangeSchema.parse(runningView({ trace, ...rest }, 3, trace.startedAt + 1000))
    expect(view).toMatchObject({ state: 'queued', position: 3, queue_ms: null, first_token_ms: null, total_ms: null })
    expect(view).toMatchObject({ tokens_per_second: null, ending: null, status: null, upstream: null })
    expect(Math.abs(Date.parse(view.started_at) - Date.now())).toBeLessThan(60_000)
  })

  it('writes as fast as its tokens have come since the first', () => {
    const exchange = watched({ stage: 'streaming', tokens: 51, status: 200 })
    const { trace } = exchange
    trace.granted('gpu-1')
    trace.sent(10)
    const view = runningView(exchange, null, trace.startedAt + (trace.firstByteMs ?? 0) + 2000)
    expect(view).toMatchObject({ tokens: 51, tokens_per_second: 25, chunks: 1, upstream: 'gpu-1', attempts: 1 })
    const first = runningView(watched({ stage: 'streaming', tokens: 1 }), null, trace.startedAt + 2000)
    expect(first.tokens_per_second).toBeNull()
  })
})

describe('an exchange that has ended', () => {
  it('has all its times, and the speed of what came in pieces', () => {
    const times = { queueMs: 10.04, ttftMs: 500, totalMs: 2500, completionTokens: 101 }
    const view = exchangeSchema.parse(endedView(exchangeRecord({ ...times, chunks: 101, dialect: 'ollama' })))
    expect(view).toMatchObject({ state: 'ended', queue_ms: 10, first_token_ms: 500, total_ms: 2500 })
    expect(view).toMatchObject({ tokens: 101, tokens_per_second: 50, ending: 'complete', dialect: 'ollama' })
    expect(endedView(exchangeRecord({ ...times, chunks: 1 })).tokens_per_second).toBeNull()
  })

  it('has waited for nobody where none was asked', () => {
    expect(endedView(exchangeRecord({ attempts: 0, queueMs: 0 })).queue_ms).toBeNull()
  })

  it('tells no key, and nothing at any length', () => {
    const view = endedView(exchangeRecord({ path: `/k/${SECRET}/api/chat`, modelAsked: 'm'.repeat(100_000) }))
    expect(view.path).toBe('/k/[redacted]/api/chat')
    expect(view.model_asked?.length).toBeLessThan(300)
    expect(endedView(exchangeRecord({ path: `/${SECRET}` })).path).not.toContain(SECRET)
  })
})
