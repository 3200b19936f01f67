import { describe, expect, it } from 'vitest'
import type { Dialect } from '../dialects/dialect.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { begin, headersOf, NDJSON, reset, type Scene, type SceneOptions, sse } from './__fixtures__/exchange-scene.ts'
import { CHAT } from './__fixtures__/routes.ts'

const V1 = { ...CHAT, pattern: '/v1/chat/completions', dialect: 'openai', stream: 'sse' } as const
const EVENT = 'data: {"choices":[]}\n\n'
const DONE = 'data: [DONE]\n\n'
const FULL = new GatewayError('queue_timeout', { retryAfterSeconds: 7 })

/** A stream that waits in the queue, third, for twelve seconds. */
function queued(options: SceneOptions = {}): Scene {
  const scene = begin({ route: V1, format: sse('openai'), hold: true, ...options })
  scene.fleet.place = { position: 3, waitMs: 11_400 }
  return scene
}

/** The sweep of every second, so many seconds after the request came. */
function after(scene: Scene, seconds: number): void {
  scene.exchange.checkDeadline(performance.now() + seconds * 1000)
}

/** The same, once its 200 and a first comment are out. */
function opened(options: SceneOptions = {}): Scene {
  const scene = queued(options)
  after(scene, 10)
  if (scene.client.status !== 200) throw new Error('no comment was sent')
  return scene
}

describe('a stream that waits in the queue', () => {
  it('hears nothing for ten seconds, and then where it stands, every ten', () => {
    const scene = queued()
    for (let second = 1; second < 10; second++) after(scene, second)
    expect(scene.client.events).toEqual([])
    after(scene, 10)
    expect(scene.client.status).toBe(200)
    expect(scene.client.headers).toEqual([
      'content-type',
      'text/event-stream',
      'cache-control',
      'no-cache',
      'x-request-id',
      'x1',
      'vary',
      'Origin',
    ])
    expect(scene.client.chunks).toEqual([': queued 3, about 12 s\n\n'])
    scene.fleet.place = { position: 1, waitMs: 30 }
    for (let second = 11; second < 20; second++) after(scene, second)
    expect(scene.client.chunks).toHaveLength(1)
    after(scene, 20)
    expect(scene.client.chunks.at(-1)).toBe(': queued 1, about 1 s\n\n')
  })

  it('gets the very bytes of the answer, and in a comment what the head could not tell', () => {
    const scene = opened()
    scene.fleet.grant()
    scene.attempt().head(200, ['Content-Type', 'text/event-stream', 'X-Of-Upstream', '1'])
    scene.attempt().data(EVENT)
    scene.attempt().data(DONE)
    scene.attempt().end()
    expect(scene.client.chunks.slice(1)).toEqual([
      ': corral-upstream: one\n: corral-model: tiny:latest\n: corral-attempts: 1\n\n',
      EVENT,
      DONE,
    ])
    expect(scene.client.events).toEqual(['head', 'data', 'end'])
    expect(headersOf(scene.client)).not.toHaveProperty('corral-upstream')
    expect(scene.records).toMatchObject([
      { status: 200, ending: 'complete', error: null, upstream: 'one', bytesOut: scene.client.text().length },
    ])
  })

  it('keeps hearing comments while its model loads, and none once the answer has begun', () => {
    const scene = opened({ firstByteTimeoutMs: 3_600_000, idleTimeoutMs: 3_600_000 })
    scene.fleet.grant()
    after(scene, 20)
    expect(scene.client.chunks.at(-1)).toBe(': waiting for the model\n\n')
    scene.attempt().head(200)
    after(scene, 30)
    expect(scene.client.chunks).toHaveLength(3)
    scene.attempt().data(EVENT)
    after(scene, 40)
    after(scene, 50)
    expect(scene.client.chunks.slice(3).join('')).toMatch(
      /^: corral-upstream: one\n[^]*\n\ndata: \{"choices":\[\]\}\n\n$/,
    )
    expect(scene.attempt().aborts).toEqual([])
  })

  it('is told in-band what ends its wait', () => {
    const scene = opened()
    scene.fleet.refuse(FULL)
    expect(scene.client.chunks.at(-1)).toMatch(/^data: \{"error":\{"message":"The request waited too long[^\n]*\n\n$/)
    expect(scene.client.events).toEqual(['head', 'data', 'end'])
    expect(scene.records).toMatchObject([{ status: 200, ending: 'refused', error: 'queue_timeout' }])
  })

  it('is told so plainly before the first comment', () => {
    const scene = queued()
    scene.fleet.refuse(FULL)
    expect(scene.client.status).toBe(503)
    expect(headersOf(scene.client)).toMatchObject({ 'corral-error': 'queue_timeout', 'retry-after': '7' })
    expect(headersOf(scene.client)).not.toHaveProperty('corral-attempts')
  })

  const refusals: readonly [Dialect, string, RegExp][] = [
    [
      'openai',
      '{"error":{"message":"model \\"x\\" not found","type":"not_found_error"}}',
      /^data: \{"error":\{"message":"model \\"x\\" not found","type":"not_found_error"/,
    ],
    [
      'anthropic',
      '{"type":"error","error":{"type":"not_found_error","message":"model \\"x\\" not found"}}',
      /^event: error\ndata: \{"type":"error","error":\{"type":"not_found_error","message":"model \\"x\\" not found"\}\}\n\n$/,
    ],
    [
      'responses',
      '{"error":{"message":"model \\"x\\" not found"}}',
      /^event: response\.failed\ndata: [^\n]*"message":"model \\"x\\" not found"/,
    ],
  ]
  it.each(refusals)('is told an error of the upstream as an event of %s, in its own words', (dialect, body, told) => {
    const scene = opened({ route: { ...V1, dialect }, format: sse(dialect) })
    scene.fleet.grant()
    scene.attempt().head(404, ['Content-Type', 'application/json', 'Content-Length', String(body.length)])
    scene.attempt().data(body.slice(0, 9))
    expect(scene.client.chunks).toHaveLength(1)
    scene.attempt().data(body.slice(9))
    scene.attempt().end()
    expect(scene.client.chunks.at(-1)).toMatch(told)
    expect(scene.client.events.at(-1)).toBe('end')
    expect(scene.attempt().told).toEqual(['answered', 'released'])
    expect(scene.records).toMatchObject([{ status: 200, ending: 'upstream-failed', error: 'upstream_error' }])
  })

  it('is told something even of an error without words, of a huge one, and of what is no stream', () => {
    const told = (status: number, text: string): string | undefined => {
      const scene = opened()
      scene.fleet.grant()
      scene.attempt().head(status, ['Content-Type', 'application/json'])
      if (text !== '') expect(scene.attempt().data(text)).toBe(true)
      scene.attempt().end()
      return scene.client.chunks.at(-1)
    }
    expect(told(404, '')).toContain('The upstream answered with status 404')
    expect(told(400, 'x'.repeat(200_000))).toMatch(/"x{2000}"/)
    expect(told(200, '{"id":"chatcmpl-1"}')).toContain('in one piece where a stream had begun')
  })

  it('may still be answered by another one: of the first it has seen nothing', () => {
    const scene = opened()
    scene.fleet.hold = false
    scene.fleet.grant()
    scene.attempt().head(500)
    scene.attempt().data('{"error":{"message":"llama runner process has terminated"}}')
    scene.attempt().end()
    scene.attempt().fail(reset)
    expect(scene.fleet.attempts.map(({ upstream }) => upstream)).toEqual(['one', 'two'])
    expect(scene.client.chunks.at(-1)).toContain('llama runner process has terminated')
    expect(scene.records).toMatchObject([{ status: 200, error: 'upstream_error' }])
  })

  it('waits in the queue again after a failure, and hears of it at once where it has waited long', () => {
    const scene = queued()
    scene.fleet.grant()
    scene.attempt().fail(reset)
    expect(scene.client.events).toEqual([])
    after(scene, 11)
    expect(scene.client.text()).toBe(': queued 3, about 12 s\n\n')
  })

  it('leaves the queue at once when its client leaves', () => {
    const scene = opened()
    scene.client.leave()
    scene.fleet.grant()
    expect([scene.fleet.cancelled, scene.fleet.attempts.length]).toEqual([1, 0])
    expect(scene.records).toMatchObject([{ status: 499, ending: 'client-gone', ttftMs: null }])
  })

  it('is told in-band that its key was revoked', () => {
    const scene = opened()
    scene.exchange.stop('key-revoked', new GatewayError('key_revoked'), 'key-revoked')
    expect(scene.client.chunks.at(-1)).toContain('The key was revoked')
    expect(scene.fleet.cancelled).toBe(1)
  })

  it('loses none of its time to the limits on upstreams', () => {
    const scene = queued()
    for (let second = 1; second <= 600; second++) after(scene, second)
    expect(scene.records).toEqual([])
    scene.fleet.grant()
    after(scene, 0.9)
    expect(scene.attempt().aborts).toEqual([])
  })

  it('does not count a comment for the first byte of its answer', () => {
    const scene = opened()
    scene.fleet.refuse(FULL)
    expect(scene.records[0]?.ttftMs).not.toBeNull()
    const silent = opened()
    silent.client.leave()
    expect(silent.records).toMatchObject([{ ttftMs: null, bytesOut: silent.client.text().length }])
  })
})

describe('comments are for streams of SSE that wait in the queue', () => {
  it('and for no other', () => {
    for (const options of [
      { route: CHAT, format: NDJSON },
      { route: V1, format: null },
    ] satisfies SceneOptions[]) {
      const scene = queued(options)
      for (let second = 1; second <= 60; second++) after(scene, second)
      expect(scene.client.events).toEqual([])
    }
  })

  it('not for those that wait for something else, nor for a load alone', () => {
    const away = queued()
    away.fleet.place = undefined
    after(away, 30)
    expect(away.client.events).toEqual([])
    const loading = begin({ route: V1, format: sse('openai') })
    loading.exchange.checkDeadline(performance.now() + 900)
    after(loading, 0.95)
    expect(loading.client.events).toEqual([])
  })

  it('and name no time where nobody can tell', () => {
    const scene = queued()
    scene.fleet.place = { position: 40, waitMs: Infinity }
    after(scene, 10)
    expect(scene.client.text()).toBe(': queued 40\n\n')
    scene.fleet.place = undefined
    after(scene, 20)
    expect(scene.client.chunks.at(-1)).toBe(': waiting for a server\n\n')
  })
})
