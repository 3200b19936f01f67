import { describe, expect, it } from 'vitest'
import { ExchangeTrace } from './exchange-trace.ts'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('ExchangeTrace', () => {
  it('becomes a record with nothing but what was noted', () => {
    const trace = new ExchangeTrace('x1', 'POST')
    trace.path = '/api/chat'
    expect(trace.record(404, 'refused', 'model_not_found')).toEqual({
      id: 'x1',
      time: expect.any(Number),
      user: null,
      userId: null,
      keyId: null,
      keyName: null,
      cache: null,
      method: 'POST',
      path: '/api/chat',
      model: null,
      upstream: null,
      status: 404,
      bytesIn: 0,
      bytesOut: 0,
      chunks: 0,
      queueMs: 0,
      ttftMs: null,
      totalMs: expect.any(Number),
      promptTokens: null,
      completionTokens: null,
      cachedTokens: null,
      route: null,
      kind: null,
      dialect: null,
      modelAsked: null,
      attempts: 0,
      loadMs: null,
      ending: 'refused',
      error: 'model_not_found',
      trace: null,
      steps: null,
    })
  })

  it('counts bytes and tokens, and names the upstream that was asked last', () => {
    const trace = new ExchangeTrace('x1', 'POST')
    trace.granted('one')
    trace.granted('two')
    trace.sent(3)
    trace.sent(4)
    trace.usage = { promptTokens: 5, completionTokens: 6, cachedTokens: null }
    expect(trace.record(200, 'complete', null)).toMatchObject({
      upstream: 'two',
      bytesOut: 7,
      chunks: 2,
      promptTokens: 5,
      completionTokens: 6,
    })
  })

  it('measures the wait until the first place and the first byte, not until the later ones', async () => {
    const trace = new ExchangeTrace('x1', 'POST')
    await pause(20)
    trace.granted('one')
    await pause(20)
    trace.sent(1)
    await pause(20)
    trace.granted('two')
    trace.sent(1)
    const record = trace.record(200, 'complete', null)
    // Timers may be a millisecond early.
    expect(record.queueMs).toBeGreaterThan(18)
    expect(record.ttftMs ?? 0).toBeGreaterThan(record.queueMs + 18)
    expect(record.totalMs).toBeGreaterThan((record.ttftMs ?? 0) + 18)
  })

  it('notes each step, one after the other, where somebody wants to know', () => {
    const trace = new ExchangeTrace('x1', 'POST')
    trace.follow()
    trace.seeks()
    trace.granted('one')
    trace.seeks()
    trace.granted('two')
    const { steps, totalMs } = trace.record(200, 'complete', null)
    expect(steps?.map(({ upstream }) => upstream)).toEqual([null, 'one', null, 'two'])
    const borders = steps?.flatMap(({ startMs, endMs }) => [startMs, endMs]) ?? []
    expect(borders).toEqual(borders.toSorted((a, b) => a - b))
    expect(borders.at(-1)).toBe(totalMs)
  })
})
