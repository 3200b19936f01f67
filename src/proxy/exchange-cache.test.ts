import { describe, expect, it } from 'vitest'
import { begin, headersOf, LAST, LINE, refused } from './__fixtures__/exchange-scene.ts'
import type { AnswerFacts, SharedWork } from './router.ts'
import type { Upstream } from './upstream.ts'

const worker: Upstream = { id: 'worker', speaks: () => new Set(), send: () => ({ abort() {}, resume() {} }) }

function shared(more: Partial<SharedWork>): SharedWork {
  return { cached: 'miss', worker, charged: () => null, ...more }
}

const facts: Pick<AnswerFacts, 'usage' | 'timings'> = {
  usage: { promptTokens: 70, completionTokens: 30, cachedTokens: null },
  timings: null,
}

describe('Exchange, of an answer that is not its own alone,', () => {
  it('says what the cache had to do with it, and whose model begins to answer', () => {
    const scene = begin({ shared: shared({ cached: 'coalesced' }) })
    const attempt = scene.attempt()
    attempt.head(200)
    attempt.data(LAST)
    attempt.end()
    expect(headersOf(scene.client)).toMatchObject({ 'corral-cache': 'coalesced', 'corral-attempts': '0' })
    expect(scene.began).toEqual(['worker'])
    expect(scene.records).toMatchObject([{ cache: 'coalesced', upstream: 'one', attempts: 0, promptTokens: null }])
  })

  it('has nobody begin where nobody works, and no upstream in its record', () => {
    const scene = begin({ shared: shared({ cached: 'hit', worker: null }) })
    scene.attempt().head(200)
    scene.attempt().data(LAST)
    scene.attempt().end()
    expect(headersOf(scene.client)).toMatchObject({ 'corral-cache': 'hit', 'corral-upstream': 'one' })
    expect(scene.began).toEqual([])
    expect(scene.records).toMatchObject([{ cache: 'hit', upstream: null, attempts: 0, completionTokens: null }])
  })

  it('notes what it took where that is its to answer for, when it leaves too', () => {
    const whole = begin({ shared: shared({ charged: () => facts }) })
    whole.attempt().head(200)
    whole.attempt().data(LAST)
    whole.attempt().end()
    const left = begin({ shared: shared({ charged: () => facts }) })
    left.attempt().head(200)
    left.attempt().data(LINE)
    left.client.leave()
    expect([whole, left].map(({ records }) => records[0])).toMatchObject([
      { promptTokens: 70, completionTokens: 30, ending: 'complete' },
      { promptTokens: 70, completionTokens: 30, ending: 'client-gone' },
    ])
  })

  it('says of its errors too what the cache had to do with them', () => {
    const scene = begin({ shared: shared({}), upstreams: ['one'] })
    scene.attempt().fail(refused)
    expect(headersOf(scene.client)).toMatchObject({ 'corral-cache': 'miss', 'corral-error': 'upstream_unreachable' })
  })
})

it('says that the cache was gone around where there is one, and nothing where there is none', () => {
  for (const [caches, said] of [
    [true, 'bypass'],
    [false, undefined],
  ] as const) {
    const scene = begin({ caches })
    scene.attempt().head(200)
    scene.attempt().data(LAST)
    scene.attempt().end()
    expect(headersOf(scene.client)['corral-cache']).toBe(said)
    expect(scene.records[0]?.cache).toBe(said ?? null)
  }
})
