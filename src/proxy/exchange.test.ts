import { describe, expect, it } from 'vitest'
import type { Dialect } from '../dialects/dialect.ts'
import type { StreamFormat } from '../dialects/stream-format.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { begin, headersOf, LAST, LINE, NDJSON, refused, reset, type Scene, sse } from './__fixtures__/exchange-scene.ts'
import { CHAT, PULL } from './__fixtures__/routes.ts'
import type { ScriptedAttempt } from './__fixtures__/scripted-fleet.ts'
import type { BodyStream } from './upstream.ts'

describe('Exchange passes one answer', () => {
  it('as it comes, its head with the first byte', () => {
    const { client, attempt, records } = begin()
    attempt().head(200, ['Content-Type', 'application/x-ndjson', 'Server', 'x'])
    expect(client.events).toEqual([])
    attempt().data(LINE)
    attempt().data(LAST)
    attempt().end()
    expect(client.chunks).toEqual([LINE, LAST])
    expect(client.events).toEqual(['head', 'data', 'end'])
    expect(headersOf(client)).toMatchObject({
      'content-type': 'application/x-ndjson',
      'corral-upstream': 'one',
      'corral-model': 'tiny:latest',
      'corral-attempts': '1',
      vary: 'Origin',
    })
    expect(headersOf(client)).not.toHaveProperty('server')
    expect(attempt().told).toEqual(['answered', 'released'])
    expect(records).toMatchObject([
      {
        status: 200,
        ending: 'complete',
        error: null,
        upstream: 'one',
        bytesOut: LINE.length + LAST.length,
        promptTokens: 7,
        completionTokens: 3,
      },
    ])
  })

  it('with an empty body, and an error of the upstream as the upstream says it', () => {
    const empty = begin({ route: PULL, format: null })
    empty.attempt().head(200, ['Content-Length', '0'])
    empty.attempt().end()
    expect([empty.client.status, empty.client.events]).toEqual([200, ['head', 'end']])
    const error = begin()
    error.attempt().head(404)
    error.attempt().data(`{"error":"model 'x' not found"}`)
    error.attempt().end()
    expect([error.client.status, error.client.text()]).toEqual([404, `{"error":"model 'x' not found"}`])
  })

  it('in one piece though it was asked to stream: a rendered prompt has no last word', () => {
    const rendered = '{"model":"tiny","response":"","done":false,"_debug_info":{"rendered_template":"..."}}'
    for (const framing of [['Content-Length', String(rendered.length)], []]) {
      const { client, attempt, records } = begin()
      attempt().head(200, ['Content-Type', 'application/json; charset=utf-8', ...framing])
      attempt().data(rendered)
      attempt().end()
      expect([client.status, client.text(), client.events.at(-1)]).toEqual([200, rendered, 'end'])
      expect(records).toMatchObject([{ ending: 'complete', error: null }])
    }
  })

  it('at the pace of its reader', () => {
    const { client, attempt } = begin()
    attempt().head(200)
    client.room = false
    expect(attempt().data(LINE)).toBe(false)
    client.drain()
    expect(attempt().resumed).toBe(1)
  })

  it('and lets the model lists know what a write has changed', () => {
    const pulled = begin({ route: PULL })
    pulled.attempt().head(200)
    pulled.attempt().data('{"status":"success"}\n')
    pulled.attempt().end()
    expect(pulled.wrote).toEqual(['one'])
    const failed = begin({ route: PULL })
    failed.attempt().head(404)
    failed.attempt().end()
    expect(failed.wrote).toEqual([])
  })
})

describe('Exchange asks another upstream before the first byte', () => {
  it.each([refused, reset])('after $kind, and the client sees one answer', (error) => {
    const { client, fleet, attempt, records, retries } = begin()
    attempt().fail(error)
    expect(fleet.attempts.map((each) => each.upstream)).toEqual(['one', 'two'])
    attempt().head(200)
    attempt().data(LAST)
    attempt().end()
    expect(client.events).toEqual(['head', 'data', 'end'])
    expect(headersOf(client)).toMatchObject({ 'corral-upstream': 'two', 'corral-attempts': '2' })
    expect(records).toMatchObject([{ upstream: 'two', ending: 'complete' }])
    expect(retries).toEqual({ inFlight: 0, taken: 1 })
  })

  it('after a head, and after half a line, of which nothing is left in the answer', () => {
    const { client, fleet, attempt } = begin()
    attempt().head(200, ['X-From', 'one'])
    attempt().data('{"half')
    attempt().fail(reset)
    expect(fleet.attempts).toHaveLength(2)
    attempt().head(404, ['X-From', 'two'])
    attempt().data('{"error":"not here"}')
    attempt().end()
    expect(client.text()).toBe('{"error":"not here"}')
    expect(headersOf(client)['x-from']).toBe('two')
  })

  it('after a page that no Ollama sends', () => {
    const { fleet, attempt } = begin()
    attempt().head(200, ['Content-Type', 'text/html'])
    expect(fleet.attempts[0]?.aborts).toEqual(['refused-answer'])
    expect(fleet.attempts[0]?.told).toEqual(['broken', 'released'])
    expect(fleet.attempts).toHaveLength(2)
  })

  it('after silence', () => {
    const { exchange, fleet } = begin()
    exchange.checkDeadline(performance.now() + 900)
    expect(fleet.attempts).toHaveLength(1)
    exchange.checkDeadline(performance.now() + 1100)
    expect(fleet.attempts[0]?.aborts).toEqual(['timed-out'])
    expect(fleet.attempts).toHaveLength(2)
  })

  it('three times at most', () => {
    const { client, fleet, attempt } = begin({ upstreams: ['one', 'two', 'three', 'four'] })
    for (let i = 0; i < 3; i += 1) attempt().fail(refused)
    expect(fleet.attempts).toHaveLength(3)
    expect(client.status).toBe(502)
    expect(headersOf(client)).toMatchObject({ 'corral-error': 'upstream_unreachable', 'corral-attempts': '3' })
  })

  it('never with a write that may have been begun, always with one that was not', () => {
    const begun = begin({ route: PULL })
    begun.attempt().fail(reset)
    expect(begun.fleet.attempts).toHaveLength(1)
    expect(JSON.parse(begun.client.text())).toEqual({ error: 'The upstream broke off its answer' })
    const untouched = begin({ route: PULL })
    untouched.attempt().fail(refused)
    expect(untouched.fleet.attempts).toHaveLength(2)
  })

  it('never with a body that can be sent only once', () => {
    const upload: BodyStream = { start: () => ({ resume: () => undefined, stop: () => undefined }) }
    const { fleet, client, attempt } = begin({ route: { ...CHAT, body: 'stream' }, format: null, body: upload })
    attempt().fail(reset)
    expect([fleet.attempts.length, client.status]).toEqual([1, 502])
  })

  it('only while the budget lasts, and then says what failed', () => {
    const { client, fleet, attempt, records } = begin({ budget: 0 })
    attempt().fail(reset)
    expect(fleet.attempts).toHaveLength(1)
    expect(client.status).toBe(502)
    expect(headersOf(client)['corral-error']).toBe('upstream_reset')
    expect(records).toMatchObject([{ status: 502, ending: 'upstream-failed', error: 'upstream_reset' }])
  })
})

describe('Exchange tells a failure after the first byte', () => {
  const streams: readonly [Dialect, StreamFormat, string, RegExp][] = [
    ['ollama', NDJSON, LINE, /\n\{"error":"The upstream broke off its answer"\}\n$/],
    [
      'openai',
      sse('openai'),
      'data: {"choices":[]}\n\n',
      /\n\ndata: \{"error":\{"message":"The upstream broke off[^\n]*\n\n$/,
    ],
    ['anthropic', sse('anthropic'), 'event: ping\ndata: {}\n\n', /\n\nevent: error\ndata: \{"type":"error"[^\n]*\n\n$/],
    [
      'responses',
      sse('responses'),
      'event: response.created\ndata: {"sequence_number":4}\n\n',
      /\n\nevent: response\.failed\ndata: [^\n]*"sequence_number":5[^\n]*\n\n$/,
    ],
  ]

  it.each(streams)('in-band, as %s says it', (dialect, format, first, expected) => {
    const { client, attempt, records } = begin({ route: { ...CHAT, dialect }, format })
    attempt().head(200)
    attempt().data(first)
    attempt().data(first.slice(0, 9))
    attempt().fail(reset)
    expect(client.text()).toMatch(expected)
    expect(client.events).toEqual(['head', 'data', 'end'])
    expect(records).toMatchObject([
      { status: 200, ending: 'upstream-failed', error: 'upstream_reset', bytesOut: client.text().length },
    ])
  })

  it.each(streams)('when %s ends in good order without its last word', (dialect, format, first) => {
    const { client, attempt, records } = begin({ route: { ...CHAT, dialect }, format })
    attempt().head(200)
    attempt().data(first)
    attempt().end()
    expect(client.text()).toContain('The upstream ended its answer before it was complete')
    expect(records).toMatchObject([{ ending: 'upstream-failed', error: 'upstream_truncated' }])
  })

  it.each(streams)('when %s ends in good order inside a line, which is dropped', (dialect, format, first) => {
    const { client, attempt } = begin({ route: { ...CHAT, dialect }, format })
    attempt().head(200)
    attempt().data(first)
    attempt().data('{"never seen')
    attempt().end()
    expect(client.text()).not.toContain('never seen')
    expect(client.text()).toContain('The upstream ended its answer before it was complete')
  })

  it('by breaking the connection, where the length is known or the answer is one whole', () => {
    const known = begin()
    known.attempt().head(200, ['Content-Length', '1000'])
    known.attempt().data(LINE)
    known.attempt().fail(reset)
    expect(known.client.events).toEqual(['head', 'data', 'reset'])
    const whole = begin({ format: null })
    whole.attempt().head(200)
    whole.attempt().data('{"half')
    whole.attempt().fail(reset)
    expect(whole.client.events).toEqual(['head', 'data', 'reset'])
  })

  it('where less came than the length that was announced, though the stream said its last word', () => {
    const { client, attempt, records } = begin()
    attempt().head(200, ['Content-Length', '1000'])
    attempt().data(LINE + LAST)
    attempt().fail(reset)
    expect([client.text(), client.events]).toEqual([LINE + LAST, ['head', 'data', 'reset']])
    expect(records).toMatchObject([{ ending: 'upstream-failed', error: 'upstream_reset', completionTokens: 3 }])
  })

  it('once: not after an error that the upstream told itself', () => {
    for (const breakOff of [(each: ScriptedAttempt) => each.end(), (each: ScriptedAttempt) => each.fail(reset)]) {
      const { client, attempt, records } = begin()
      attempt().head(200)
      attempt().data(`${LINE}{"error":"llama runner terminated"}\n`)
      breakOff(attempt())
      expect(client.text()).toBe(`${LINE}{"error":"llama runner terminated"}\n`)
      expect(client.events.at(-1)).toBe('end')
      expect(records).toMatchObject([{ ending: 'upstream-failed' }])
    }
  })

  it('never after a complete stream', () => {
    const endings: ((scene: Scene) => void)[] = [
      ({ attempt }) => attempt().fail(reset),
      ({ exchange }) => exchange.checkDeadline(performance.now() + 10_000),
      ({ exchange }) => exchange.stop('key-revoked', new GatewayError('key_revoked'), 'key-revoked'),
      ({ exchange }) => exchange.stop('shutting-down', new GatewayError('shutting_down'), 'shutting-down'),
    ]
    for (const ending of endings) {
      const scene = begin()
      scene.attempt().head(200)
      scene.attempt().data(LINE + LAST)
      ending(scene)
      expect(scene.client.text()).toBe(LINE + LAST)
      expect(scene.client.events).toEqual(['head', 'data', 'end'])
      expect(scene.records).toMatchObject([{ ending: 'complete', completionTokens: 3 }])
      expect(scene.attempt().told.at(-1)).toBe('released')
    }
  })

  it('of silence, with the upstream let go', () => {
    const { client, exchange, attempt, records } = begin()
    attempt().head(200)
    attempt().data(LINE)
    exchange.checkDeadline(performance.now() + 200)
    expect(attempt().aborts).toEqual(['timed-out'])
    expect(attempt().told).toEqual(['broken', 'released'])
    expect(client.text()).toContain('{"error":"The upstream took too long"}\n')
    expect(records).toMatchObject([{ ending: 'timed-out', error: 'upstream_timeout' }])
  })
})

describe('Exchange with an upload', () => {
  it('waits for the answer from the last byte that passed, not from the first', async () => {
    const { client, exchange } = begin({ upstreams: ['one'], body: { start: () => ({ resume() {}, stop() {} }) } })
    const began = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 50))
    exchange.uploaded()
    exchange.checkDeadline(began + 1020)
    expect(client.status).toBeUndefined()
    exchange.checkDeadline(performance.now() + 1001)
    expect(client.status).toBe(504)
  })
})

describe('Exchange ends early', () => {
  it('when the client leaves: while it waits for a place, for the first byte, and in the middle', () => {
    const waiting = begin({ hold: true })
    waiting.client.leave()
    waiting.fleet.grant()
    expect([waiting.fleet.cancelled, waiting.fleet.attempts.length]).toEqual([1, 0])
    expect(waiting.records).toMatchObject([{ status: 499, ending: 'client-gone' }])

    const asking = begin()
    asking.client.leave()
    expect(asking.attempt().aborts).toEqual(['client-gone'])

    const answering = begin()
    answering.attempt().head(200)
    answering.attempt().data(LINE)
    answering.client.leave()
    expect(answering.attempt().aborts).toEqual(['client-gone'])
    expect(answering.attempt().told).toEqual(['cancelled', 'released'])
    expect(answering.records).toMatchObject([{ status: 499, ending: 'client-gone', bytesOut: LINE.length }])
  })

  it('when it is stopped: as an answer before the first byte, in-band after it', () => {
    const error = new GatewayError('key_revoked')
    const before = begin({ hold: true })
    before.exchange.stop('key-revoked', error, 'key-revoked')
    expect([before.client.status, before.fleet.cancelled]).toEqual([401, 1])
    const after = begin()
    after.attempt().head(200)
    after.attempt().data(LINE)
    after.exchange.stop('key-revoked', error, 'key-revoked')
    after.exchange.stop('key-revoked', error, 'key-revoked')
    expect(after.client.text()).toBe(`${LINE}{"error":"The key was revoked"}\n`)
    expect(after.attempt().told).toEqual(['cancelled', 'released'])
    expect(after.records).toMatchObject([{ ending: 'key-revoked', error: 'key_revoked' }])
  })

  it('when the reader has stopped for too long, without a word against the upstream', () => {
    const { client, exchange, attempt, records } = begin()
    attempt().head(200)
    client.room = false
    attempt().data(LINE)
    exchange.checkDeadline(performance.now() + 200)
    expect(attempt().told).toEqual(['cancelled', 'released'])
    expect(client.events.at(-1)).toBe('reset')
    expect(records).toMatchObject([{ ending: 'timed-out' }])
  })

  it('and is over once, whatever comes after', () => {
    const { client, exchange, attempt, records } = begin()
    let released = 0
    exchange.whenOver(() => (released += 1))
    attempt().head(200)
    attempt().data(LAST)
    attempt().end()
    exchange.stop('shutting-down', new GatewayError('shutting_down'), 'shutting-down')
    exchange.checkDeadline(Infinity)
    client.leave()
    expect([records.length, released]).toEqual([1, 1])
    exchange.whenOver(() => (released += 1))
    expect(released).toBe(2)
  })
})
