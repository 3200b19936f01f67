import { describe, expect, it } from 'vitest'
import { createManualTime } from '../__fixtures__/manual-time.ts'
import { createScriptedUpstream, type Reply, tagEntry } from '../__fixtures__/scripted-upstream.ts'
import { createPostJson } from '../health/ask-json.ts'
import { createFleet } from '../fleet/fleet-state.ts'
import { indexEntries, parseModelEntries } from '../models/model-entry.ts'
import { createKeepWarm } from './keep-warm.ts'
import { createModelLoader } from './model-loader.ts'

const MINUTE = 60_000
const loaded: Reply = { json: { done: true, done_reason: 'load' } }
const silentLog = { debug() {}, info() {}, warn() {}, error() {} }

function setUp(reply: Reply = loaded) {
  const time = createManualTime()
  const upstream = createScriptedUpstream('a', { '/api/generate': reply })
  const fleet = createFleet([{ upstream, priority: 1, enabled: true, maxResponseTimeMs: null }])
  const entries = (names: readonly string[]) =>
    parseModelEntries('ps', { models: names.map((name) => tagEntry(name)) }) ?? []
  const at = time.clock.now()
  fleet.apply('a', { kind: 'models-read', at, models: indexEntries(entries(['m:latest', 'n:latest'])) })
  const news: unknown[] = []
  const post = createPostJson(time)
  const loader = createModelLoader({
    post,
    log: silentLog,
    numCtxOf: () => undefined,
    loadTimeoutMs: () => 10 * MINUTE,
  })
  const warmer = createKeepWarm({
    ...time,
    fleet,
    loader,
    bytesOf: () => 1,
    capacityOf: () => ({ bytes: Infinity, models: 3 }),
    loads: () => [],
    loaded: (...what) => void news.push(what),
  })
  return {
    time,
    upstream,
    warmer,
    news,
    saw: (...names: string[]) =>
      fleet.apply('a', { kind: 'loaded-read', at: time.clock.now(), loaded: entries(names) }),
    down: () => fleet.apply('a', { kind: 'probe-failed', failure: 'unreachable', detail: 'gone' }),
    up: () => fleet.apply('a', { kind: 'probe-answered', at: time.clock.now(), tookMs: 1, version: '0.24.0' }),
  }
}

const wish = { model: 'm:latest', upstreams: null }

describe('createKeepWarm', () => {
  it('loads what is to be warm at once, for a while and not for ever', async () => {
    const { time, upstream, warmer, news, saw } = setUp()
    warmer.configure([wish])
    await time.advance(0)
    const [request] = upstream.requests
    const body: unknown = JSON.parse(Array.isArray(request?.body) ? new TextDecoder().decode(request.body[0]) : '')
    expect(body).toEqual({ model: 'm:latest', prompt: '', stream: false, keep_alive: '15m' })
    expect(news).toEqual([['a', 'm:latest', 0]])
    saw('m:latest')
    await time.advance(4 * MINUTE)
    expect(upstream.requests).toHaveLength(1)
  })

  it('renews it before its time is over', async () => {
    const { time, upstream, warmer, news, saw } = setUp()
    warmer.configure([wish])
    await time.advance(0)
    saw('m:latest')
    await time.advance(30 * MINUTE)
    expect(upstream.requests.length).toBeGreaterThanOrEqual(5)
    expect(upstream.requests.length).toBeLessThanOrEqual(7)
    expect(news).toHaveLength(1)
  })

  it('loads it again where the server was started anew, and where a request had it unloaded', async () => {
    const { time, upstream, warmer, saw, down, up } = setUp()
    warmer.configure([wish])
    await time.advance(0)
    saw('m:latest')
    await time.advance(MINUTE)
    down()
    await time.advance(MINUTE)
    expect(upstream.requests).toHaveLength(1)
    up()
    await time.advance(10_000)
    expect(upstream.requests).toHaveLength(2)
    saw('m:latest')
    await time.advance(MINUTE)
    saw()
    await time.advance(10_000)
    expect(upstream.requests).toHaveLength(3)
  })

  it('waits for the list to know of its load', async () => {
    const { time, upstream, warmer, saw } = setUp()
    warmer.configure([wish])
    await time.advance(9000)
    expect(upstream.requests).toHaveLength(1)
    saw()
    await time.advance(6000)
    expect(upstream.requests).toHaveLength(2)
  })

  it('tries again what failed, ever more seldom', async () => {
    const { time, upstream, warmer } = setUp({ status: 500, json: { error: 'no memory' } })
    warmer.configure([wish])
    await time.advance(65_000)
    expect(upstream.requests).toHaveLength(2)
    await time.advance(60 * MINUTE)
    expect(upstream.requests.length).toBeLessThanOrEqual(9)
    expect(upstream.requests.length).toBeGreaterThanOrEqual(6)
  })

  it('asks nobody while a load takes its time', async () => {
    const { time, upstream, warmer } = setUp('hang')
    warmer.configure([wish, { model: 'n:latest', upstreams: ['a'] }])
    await time.advance(9 * MINUTE)
    expect(upstream.requests).toHaveLength(1)
    warmer.stop()
  })

  it('ends with its wishes', async () => {
    const { time, upstream, warmer } = setUp()
    warmer.configure([wish])
    warmer.configure([])
    await time.advance(MINUTE)
    expect([upstream.requests, time.waiting()]).toEqual([[], []])
    warmer.configure([wish])
    await time.advance(0)
    warmer.stop()
    expect(time.waiting()).toEqual([])
  })
})
