import { describe, expect, it } from 'vitest'
import { createManualTime } from '../__fixtures__/manual-time.ts'
import { createScriptedUpstream, type Reply, tagEntry } from '../__fixtures__/scripted-upstream.ts'
import { createFleet } from '../fleet/fleet-state.ts'
import { indexEntries, parseModelEntries } from '../models/model-entry.ts'
import { createWarmth, type WarmthPlan } from './warmth.ts'

const silentLog = { debug() {}, info() {}, warn() {}, error() {} }
const loaded: Reply = { json: { done: true, done_reason: 'load' } }

function setUp(reply: Reply = loaded) {
  const time = createManualTime()
  const upstream = createScriptedUpstream('a', { '/api/generate': reply })
  const fleet = createFleet([{ upstream, priority: 1, enabled: true, maxResponseTimeMs: null }])
  const models = indexEntries(parseModelEntries('tags', { models: [tagEntry('m:latest')] }) ?? [])
  fleet.apply('a', { kind: 'models-read', at: 0, models })
  const news: unknown[] = []
  const pair = { prefillMsPerToken: 1, decodeMsPerToken: 1, outputTokens: 1 }
  const warmth = createWarmth({
    ...time,
    fleet,
    log: silentLog,
    estimates: { pair: () => pair, networkMs: () => 0, loadMs: () => 0 },
    bytesOf: () => 5,
    capacityOf: () => ({ bytes: Infinity, models: 3 }),
    loads: () => [],
    loaded: (...what) => void news.push(['loaded', ...what]),
    hurry: (name) => void news.push(['hurry', name]),
  })
  const configure = (plan: Partial<WarmthPlan>): void =>
    warmth.configure({ keepWarm: [], policies: [], firstByteTimeoutMs: 60_000, canonicalOf: (name) => name, ...plan })
  const bodies = (): unknown[] =>
    upstream.requests.map(({ body }) => JSON.parse(Array.isArray(body) ? new TextDecoder().decode(body[0]) : 'null'))
  return { time, warmth, configure, news, bodies }
}

describe('createWarmth', () => {
  it('preloads with the num_ctx that requests will get, and leaves keep_alive to the server', async () => {
    const { time, warmth, configure, news, bodies } = setUp()
    const policies = [
      { match: 'x*', numCtx: 1, keepAlive: 'allow' as const },
      { match: 'm*', numCtx: 4096, keepAlive: -1 },
      { match: '*', numCtx: 2, keepAlive: 'allow' as const },
    ]
    configure({ policies })
    warmth.preload('m:latest', 'a')
    await time.advance(0)
    expect(bodies()).toEqual([{ model: 'm:latest', options: { num_ctx: 4096 }, prompt: '', stream: false }])
    expect(news).toEqual([
      ['loaded', 'a', 5, 0],
      ['hurry', 'a'],
    ])
  })

  it('has the upstream asked at once where a preload failed, and learns nothing from it', async () => {
    const { time, warmth, news } = setUp({ status: 500, json: { error: 'no memory' } })
    warmth.preload('m:latest', 'a')
    warmth.preload('m:latest', 'gone')
    await time.advance(0)
    expect(news).toEqual([['hurry', 'a']])
  })

  it('keeps warm what an alias leads to', async () => {
    const { time, warmth, configure, bodies } = setUp()
    configure({ keepWarm: [{ model: 'Chat', upstreams: null }], canonicalOf: () => 'm:latest' })
    await time.advance(0)
    expect(bodies()).toMatchObject([{ model: 'm:latest', keep_alive: '15m' }])
    warmth.stop()
    expect(time.waiting()).toEqual([])
  })
})
