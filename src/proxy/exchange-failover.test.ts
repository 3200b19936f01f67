import { describe, expect, it } from 'vitest'
import {
  begin,
  headersOf,
  LAST,
  LINE,
  refused,
  reset,
  type Scene,
  type SceneOptions,
} from './__fixtures__/exchange-scene.ts'
import { CHAT, PULL } from './__fixtures__/routes.ts'
import type { Asking } from './exchange-request.ts'
import { NO_PROMPT } from './prompt.ts'
import type { Route } from './route.ts'

const SHOW: Route = { ...CHAT, pattern: '/api/show', kind: 'model', stream: 'whole', streamsByDefault: false }
const BUSY = '{"error":"server busy"}'
const NO_ROOM = '{"error":"model requires more system memory (64 GiB) than is available (8 GiB)"}'

function answer(scene: Scene, status: number, text: string): void {
  scene.attempt().head(status, ['Content-Type', 'application/json'])
  scene.attempt().data(text)
  scene.attempt().end()
}

describe('Exchange holds back a "server busy"', () => {
  function busy(scene: Scene, text = BUSY): void {
    scene.attempt().head(503, ['Content-Type', 'application/json'])
    scene.attempt().data(text)
  }

  it('and asks elsewhere', () => {
    const scene = begin()
    busy(scene)
    scene.attempt().end()
    expect(scene.fleet.attempts[0]?.told).toEqual(['busy', 'released'])
    scene.attempt().head(200)
    scene.attempt().data(LAST)
    scene.attempt().end()
    expect([scene.client.status, scene.client.text()]).toEqual([200, LAST])
  })

  it('and passes it on where nobody else can answer', () => {
    const scene = begin({ upstreams: ['one'] })
    busy(scene)
    scene.attempt().end()
    expect([scene.client.status, scene.client.text()]).toEqual([503, BUSY])
    expect(scene.records).toMatchObject([{ status: 503, bytesOut: BUSY.length }])
  })

  it('but not a huge one', () => {
    const scene = begin()
    busy(scene, 'x'.repeat(70_000))
    scene.attempt().end()
    expect([scene.client.status, scene.client.text().length]).toEqual([503, 70_000])
    expect(scene.fleet.attempts).toHaveLength(1)
  })

  it('and takes half of one for a failure', () => {
    const scene = begin({ upstreams: ['one'] })
    busy(scene, '{"err')
    scene.attempt().fail(reset)
    expect(scene.client.status).toBe(502)
    expect(JSON.parse(scene.client.text())).toEqual({ error: 'The upstream broke off its answer' })
  })
})

describe('Exchange and a model that a server cannot run', () => {
  it.each([500, 502, 504])('asks elsewhere after a %s, which speaks against that model there', (status) => {
    const scene = begin()
    answer(scene, status, NO_ROOM)
    expect(scene.fleet.attempts[0]?.told).toEqual(['failed-model', 'released'])
    answer(scene, 200, LAST)
    expect([scene.client.status, scene.client.text()]).toEqual([200, LAST])
    expect(headersOf(scene.client)).toMatchObject({ 'corral-upstream': 'two', 'corral-attempts': '2' })
    expect(scene.retries).toEqual({ inFlight: 0, taken: 1 })
  })

  it('passes the answer on, byte for byte, where nobody is left', () => {
    const scene = begin()
    answer(scene, 500, NO_ROOM)
    answer(scene, 500, '{"error":"llama runner process has terminated"}')
    expect([scene.client.status, scene.client.text()]).toEqual([500, '{"error":"llama runner process has terminated"}'])
    expect(headersOf(scene.client)).toMatchObject({ 'corral-upstream': 'two', 'corral-attempts': '2' })
    expect(headersOf(scene.client)).not.toHaveProperty('corral-error')
    expect(scene.records).toMatchObject([{ status: 500, upstream: 'two', ending: 'complete', error: null }])
  })

  it('passes it on though another one could not even be reached: it is the better news', () => {
    const scene = begin()
    answer(scene, 500, NO_ROOM)
    scene.attempt().fail(refused)
    expect([scene.client.status, scene.client.text()]).toEqual([500, NO_ROOM])
    expect(headersOf(scene.client)).toMatchObject({ 'corral-upstream': 'one', 'corral-attempts': '2' })
    expect(scene.records).toMatchObject([{ status: 500, upstream: 'one' }])
  })

  it('passes it on where the budget is spent, or three have been asked', () => {
    const spent = begin({ budget: 0 })
    answer(spent, 500, NO_ROOM)
    expect([spent.client.status, spent.fleet.attempts.length]).toEqual([500, 1])
    expect(spent.attempt().told).toEqual(['failed-model', 'released'])
    const four = begin({ upstreams: ['one', 'two', 'three', 'four'] })
    for (let i = 0; i < 3; i++) answer(four, 500, NO_ROOM)
    expect([four.client.status, four.fleet.attempts.length]).toEqual([500, 3])
  })

  it.each([
    '{"error":"option \\"temperature\\" must be of type float32"}',
    '{"error":"template: :1: unexpected {{end}}"}',
    '{"error":{"message":"option \\"num_ctx\\" must be of type integer","type":"api_error"}}',
  ])('takes a fault of the request for none of the server, and asks nobody else: %s', (text) => {
    const scene = begin()
    answer(scene, 500, text)
    expect([scene.client.status, scene.client.text()]).toEqual([500, text])
    expect([scene.fleet.attempts.length, scene.attempt().told]).toEqual([1, ['answered', 'released']])
  })

  it.each([400, 401, 403, 404, 413, 422, 429, 501])('never asks elsewhere after a %s', (status) => {
    const scene = begin()
    answer(scene, status, '{"error":"no"}')
    expect([scene.client.status, scene.client.text(), scene.fleet.attempts.length]).toEqual([
      status,
      '{"error":"no"}',
      1,
    ])
    expect(scene.attempt().told).toEqual(['answered', 'released'])
  })

  it('never with a route that changes models, nor where no model runs', () => {
    for (const [route, status] of [
      [PULL, 500],
      [PULL, 503],
      [SHOW, 500],
    ] as const) {
      const scene = begin({ route, format: null })
      answer(scene, status, '{"error":"no"}')
      expect([scene.client.status, scene.fleet.attempts.length]).toEqual([status, 1])
    }
  })

  it('takes an overloaded provider for busy', () => {
    const scene = begin()
    answer(scene, 529, '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}')
    expect(scene.fleet.attempts[0]?.told).toEqual(['busy', 'released'])
    expect(scene.fleet.attempts).toHaveLength(2)
  })
})

describe('Exchange asks for another model', () => {
  const another: Asking = {
    model: 'small:latest',
    upstream: { method: 'POST', target: '/api/chat', headers: [], body: [new Uint8Array(5)] },
    prompt: NO_PROMPT,
    another: () => undefined,
  }

  it('where every upstream has failed with the first, and says so', () => {
    const scene = begin({ another })
    scene.attempt().fail(refused)
    answer(scene, 500, NO_ROOM)
    expect(scene.fleet.requests.map(({ model, tried }) => [model, [...tried]])).toEqual([
      ['tiny:latest', []],
      ['tiny:latest', ['one']],
      ['tiny:latest', ['one', 'two']],
      ['small:latest', []],
    ])
    expect(scene.attempt().upstream).toBe('one')
    answer(scene, 200, LAST)
    expect(headersOf(scene.client)).toMatchObject({ 'corral-model': 'small:latest', 'corral-attempts': '3' })
  })

  it('on the very upstream that failed with the first', () => {
    const scene = begin({ upstreams: ['one'], another })
    answer(scene, 500, NO_ROOM)
    expect(scene.fleet.requests.map(({ model, tried }) => [model, [...tried]])).toEqual([
      ['tiny:latest', []],
      ['tiny:latest', ['one']],
      ['small:latest', []],
    ])
    expect(scene.attempt().request).toBe(another.upstream)
    answer(scene, 200, LAST)
    expect([scene.client.status, scene.client.text()]).toEqual([200, LAST])
    expect(headersOf(scene.client)).toMatchObject({ 'corral-model': 'small:latest', 'corral-attempts': '2' })
    expect(scene.records).toMatchObject([{ model: 'small:latest', ending: 'complete' }])
    expect(scene.retries).toEqual({ inFlight: 0, taken: 1 })
  })

  it('and passes on what the first one said where that fails, too', () => {
    const scene = begin({ upstreams: ['one'], another })
    answer(scene, 500, NO_ROOM)
    scene.attempt().fail(reset)
    expect([scene.client.status, scene.client.text()]).toEqual([500, NO_ROOM])
    expect(headersOf(scene.client)).toMatchObject({ 'corral-model': 'tiny:latest', 'corral-attempts': '2' })
  })

  it('and leaves the queue at once where that one waits there', () => {
    const options: SceneOptions = {
      upstreams: ['one'],
      get another() {
        scene.fleet.hold = true
        return another
      },
    }
    const scene = begin(options)
    answer(scene, 500, NO_ROOM)
    expect(scene.fleet.requests).toHaveLength(3)
    scene.client.leave()
    expect(scene.fleet.cancelled).toBe(1)
    scene.fleet.grant()
    expect(scene.fleet.attempts).toHaveLength(1)
  })

  it('not where nobody has failed, nor after the first byte, nor beyond the budget', () => {
    const full = begin({ upstreams: [], another })
    expect([full.fleet.requests.length, full.client.status]).toEqual([1, 503])
    const begun = begin({ upstreams: ['one'], another })
    begun.attempt().head(200)
    begun.attempt().data(LINE)
    begun.attempt().fail(reset)
    expect(begun.fleet.requests).toHaveLength(1)
    const spent = begin({ upstreams: ['one'], another, budget: 0 })
    answer(spent, 500, NO_ROOM)
    expect([spent.fleet.requests.length, spent.client.status]).toEqual([1, 500])
  })
})

describe('Exchange tells routing', () => {
  it('when an answer begins, and what it says of its work when it has ended', () => {
    const scene = begin()
    const { attempt } = scene
    attempt().head(200)
    expect(attempt().learnt).toEqual([])
    attempt().data('{"half')
    attempt().data(LINE)
    expect(attempt().learnt).toEqual(['began'])
    attempt().data(
      '{"done":true,"total_duration":9000000,"load_duration":1000000,"prompt_eval_count":7,"prompt_eval_duration":2000000,"eval_count":3,"eval_duration":6000000}\n',
    )
    attempt().end()
    expect(attempt().learnt).toEqual([
      'began',
      {
        status: 200,
        streamed: true,
        usage: { promptTokens: 7, completionTokens: 3, cachedTokens: null },
        timings: { totalMs: 9, loadMs: 1, promptMs: 2, evalMs: 6 },
      },
    ])
    expect(attempt().told).toEqual(['answered', 'released'])
  })

  it('that a whole answer was no stream, and what a dialect does not tell', () => {
    const scene = begin({ route: { ...CHAT, dialect: 'openai', stream: 'sse' }, format: null })
    answer(scene, 200, '{"usage":{"prompt_tokens":5,"completion_tokens":2}}')
    expect(scene.attempt().learnt).toEqual([
      'began',
      {
        status: 200,
        streamed: false,
        usage: { promptTokens: 5, completionTokens: 2, cachedTokens: null },
        timings: null,
      },
    ])
  })

  it('of no beginning where the answer is an error, or none', () => {
    const error = begin()
    answer(error, 500, NO_ROOM)
    expect(error.fleet.attempts[0]?.learnt).toEqual([{ status: 500, streamed: false, usage: null, timings: null }])
    const cut = begin()
    cut.attempt().head(200)
    cut.attempt().data(LINE)
    cut.attempt().fail(reset)
    expect(cut.attempt().learnt).toEqual(['began'])
    const left = begin()
    left.attempt().head(200)
    left.attempt().data(LINE)
    left.client.leave()
    expect(left.attempt().learnt).toEqual(['began'])
  })

  it('who has failed, when the request came, and the model', () => {
    const before = Date.now()
    const { fleet, attempt } = begin()
    attempt().fail(refused)
    expect(fleet.requests.map(({ tried }) => [...tried])).toEqual([[], ['one']])
    const [first, second] = fleet.requests
    expect(first).toMatchObject({ model: 'tiny:latest', named: null })
    expect(first?.arrivedAt).toBeGreaterThanOrEqual(before)
    expect(second?.arrivedAt).toBe(first?.arrivedAt)
  })
})
