import { describe, expect, it } from 'vitest'
import type { AttemptOutcome } from '../../proxy/router.ts'
import { createManualTime } from '../__fixtures__/manual-time.ts'
import { createScriptedUpstream, tagEntry } from '../__fixtures__/scripted-upstream.ts'
import { createPostJson } from '../health/ask-json.ts'
import type { ClaimListener } from '../claims.ts'
import type { Work } from '../dispatch/work.ts'
import { createFleet } from '../fleet/fleet-state.ts'
import { parseModelEntries } from '../models/model-entry.ts'
import { createHealer } from './healer.ts'
import { createModelLoader } from './model-loader.ts'

const silentLog = { debug() {}, info() {}, warn() {}, error() {} }

function setUp(loaded: readonly string[] = ['m:latest']) {
  const time = createManualTime()
  const upstream = createScriptedUpstream('a', { '/api/generate': { json: { done: true, done_reason: 'unload' } } })
  const fleet = createFleet([{ upstream, priority: 1, enabled: true, maxResponseTimeMs: null }])
  const saw = (models: readonly string[]): void => {
    const entries = parseModelEntries('ps', { models: models.map((name) => tagEntry(name)) }) ?? []
    fleet.apply('a', { kind: 'loaded-read', at: time.clock.now(), loaded: entries })
  }
  saw(loaded)
  const warnings: object[] = []
  const log = { ...silentLog, warn: (fields: object) => void warnings.push(fields) }
  const loader = createModelLoader({
    post: createPostJson(time),
    log,
    numCtxOf: () => undefined,
    loadTimeoutMs: () => 1000,
  })
  const pair = { prefillMsPerToken: 1, decodeMsPerToken: 1, outputTokens: 1 }
  const estimates = { pair: () => pair, networkMs: () => 0, loadMs: () => 20_000 }
  const healer = createHealer({ ...time, fleet, estimates, loader, bytesOf: () => 1, log })
  const send = (model = 'm:latest', cold = false): ClaimListener => healer.watch(workFor(model), 'a', cold)
  const giveUp = (outcome: AttemptOutcome = 'cancelled'): void => {
    const left = send()
    left.began()
    left.released(outcome)
  }
  return { time, upstream, healer, saw, send, giveUp, warnings }
}

function workFor(model: string): Work {
  return {
    ...{ model, key: 'k', share: { class: 'interactive', weight: 1 }, brief: false, arrivedAt: 0, lane: model },
    prompt: { tokens: 100, blocks: () => [] },
    candidates: () => [],
  }
}

describe('createHealer', () => {
  it('unloads a model that is silent after an abort, says so, and asks nobody any more', async () => {
    const { time, upstream, send, giveUp, warnings } = setUp()
    giveUp()
    const next = send()
    await time.advance(5000)
    expect(upstream.paths()).toEqual([])
    await time.advance(10_000)
    const [request] = upstream.requests
    const body = Array.isArray(request?.body) ? new TextDecoder().decode(request.body[0]) : ''
    expect(request).toMatchObject({ method: 'POST', target: '/api/generate' })
    expect(JSON.parse(body)).toEqual({ model: 'm:latest', keep_alive: 0, stream: false })
    expect(warnings).toEqual([{ upstream: 'a', model: 'm:latest', silentMs: expect.any(Number) as number }])
    next.began()
    await time.advance(1000)
    expect(time.waiting()).toEqual([])
  })

  it('does so once a minute at most', async () => {
    const { time, upstream, send, giveUp } = setUp()
    giveUp('broken')
    send()
    await time.advance(60_000)
    expect(upstream.paths()).toHaveLength(1)
    await time.advance(20_000)
    expect(upstream.paths()).toHaveLength(1)
  })

  it('leaves alone what is not loaded, what loads, and what was answered', async () => {
    const unloaded = setUp([])
    unloaded.giveUp()
    unloaded.send()
    await unloaded.time.advance(60_000)
    expect(unloaded.upstream.paths()).toEqual([])
    unloaded.saw(['m:latest'])
    await unloaded.time.advance(1000)
    expect(unloaded.upstream.paths()).toHaveLength(1)

    const cold = setUp()
    cold.giveUp()
    cold.send('m:latest', true)
    await cold.time.advance(60_000)
    expect(cold.upstream.paths()).toEqual([])

    const answered = setUp()
    const first = answered.send()
    first.began()
    first.answered({ status: 200, streamed: true, usage: null, timings: null })
    first.released('answered')
    answered.send()
    await answered.time.advance(60_000)
    expect(answered.upstream.paths()).toEqual([])
    expect(answered.time.waiting()).toEqual([])
  })

  it('is not about another model', async () => {
    const { time, upstream, send, giveUp } = setUp(['m:latest', 'other:latest'])
    giveUp()
    send('other:latest')
    await time.advance(60_000)
    expect(upstream.paths()).toEqual([])
  })

  it('stops', async () => {
    const { time, healer, send, giveUp, upstream } = setUp()
    giveUp()
    send()
    healer.stop()
    await time.advance(60_000)
    expect([upstream.paths(), time.waiting()]).toEqual([[], []])
  })
})
