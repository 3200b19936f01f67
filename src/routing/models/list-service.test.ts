import { describe, expect, it } from 'vitest'
import { createManualTime, settle } from '../__fixtures__/manual-time.ts'
import {
  createScriptedUpstream,
  ollamaReplies,
  refused,
  tagEntry,
  type ScriptedUpstream,
} from '../__fixtures__/scripted-upstream.ts'
import { createAskJson } from '../health/ask-json.ts'
import { createFleet } from '../fleet/fleet-state.ts'
import { indexEntries, parseModelEntries } from './model-entry.ts'
import { createListService, type ListAnswer, type ListRequest } from './list-service.ts'

const all: ListRequest = { visible: () => true, upstreams: null }

function setUp(...upstreams: ScriptedUpstream[]) {
  const time = createManualTime()
  const fleet = createFleet(
    upstreams.map((upstream, index) => ({ upstream, priority: index, enabled: true, maxResponseTimeMs: null })),
  )
  const lists = createListService({ ...time, fleet, ask: createAskJson(time) }, { aliases: [] })
  return { time, fleet, lists }
}

function names(answer: ListAnswer): string[] {
  const body: { models?: { name: string }[]; data?: { id: string }[] } = JSON.parse(answer.body)
  return body.models?.map((model) => model.name) ?? body.data?.map((model) => model.id) ?? []
}

function ollama(id: string, ...models: string[]): ScriptedUpstream {
  return createScriptedUpstream(id, ollamaReplies(models))
}

async function isOpen(answer: Promise<unknown>): Promise<boolean> {
  let open = true
  void answer.then(() => void (open = false))
  await settle()
  return open
}

describe('createListService', () => {
  it('merges what healthy upstreams say now, and tells the fleet', async () => {
    const { lists, fleet } = setUp(ollama('a', 'x:1', 'y:1'), ollama('b', 'y:1', 'z:1'))
    const answer = await lists.tags(all)
    expect([names(answer), answer.headers]).toEqual([
      ['x:1', 'y:1', 'z:1'],
      ['content-type', 'application/json; charset=utf-8'],
    ])
    expect(fleet.get('b')?.models?.has('z:1')).toBe(true)
    expect(names(await lists.v1Models(all))).toEqual(['x:1', 'y:1', 'z:1'])
  })

  it('asks an upstream once for all who ask at the same time, never again, and once after a change', async () => {
    const a = ollama('a', 'x:1')
    const { lists } = setUp(a)
    const crowd = Array.from({ length: 100 }, () => lists.tags(all))
    expect(new Set((await Promise.all(crowd)).map((answer) => answer.body)).size).toBe(1)
    expect(a.paths()).toEqual(['/api/tags'])
    await lists.tags(all)
    expect(a.paths()).toEqual([])
    lists.forget('a')
    await Promise.all([lists.tags(all), lists.tags(all)])
    expect(a.paths()).toEqual(['/api/tags'])
  })

  it('passes on what the health monitor has read, in the words of the upstream', async () => {
    const a = ollama('a', 'x:1')
    const { lists, fleet } = setUp(a)
    const entry = tagEntry('new:1', { future_field: { n: 1 } })
    const models = indexEntries(parseModelEntries('tags', { models: [entry] }) ?? [])
    fleet.apply('a', { kind: 'models-read', at: 1, models })
    expect((await lists.tags(all)).body).toBe(JSON.stringify({ models: [entry] }))
    expect(a.paths()).toEqual([])
  })

  it('asks neither what is down nor what the key may not reach', async () => {
    const [a, b, c] = [ollama('a', 'x:1'), ollama('b', 'y:1'), ollama('c', 'z:1')]
    const { lists, fleet } = setUp(a, b, c)
    fleet.apply('a', { kind: 'probe-failed', failure: 'unreachable', detail: 'ECONNREFUSED' })
    expect(names(await lists.tags({ ...all, upstreams: ['a', 'c'] }))).toEqual(['z:1'])
    expect([a.paths(), b.paths()]).toEqual([[], []])
  })

  it('gives the last list of an upstream that is silent, fails or answers nonsense, at once', async () => {
    const a = ollama('a', 'x:1')
    const { lists } = setUp(a, ollama('b', 'y:1'))
    await lists.tags(all)
    for (const reply of ['hang', refused, { text: '<html>' }, { status: 500, json: {} }] as const) {
      a.replies['/api/tags'] = reply
      expect(names(await lists.tags(all))).toEqual(['x:1', 'y:1'])
    }
  })

  it('waits 2 s, and once, for the first list of one that is up, and then goes without', async () => {
    const { lists, time, fleet } = setUp(createScriptedUpstream('a', { '/api/tags': 'hang' }), ollama('b', 'y:1'))
    fleet.apply('a', { kind: 'probe-answered', at: 1, tookMs: 1, version: '0.24.0' })
    const answer = lists.tags(all)
    await time.advance(1999)
    expect(await isOpen(answer)).toBe(true)
    await time.advance(1)
    expect(names(await answer)).toEqual(['y:1'])
    expect(names(await lists.tags(all))).toEqual(['y:1'])
  })

  it('waits for one that was never seen only where nothing else is known', async () => {
    const { lists, time } = setUp(createScriptedUpstream('a', { '/api/tags': 'black-hole' }), ollama('b', 'y:1'))
    const first = lists.tags(all)
    await time.advance(2000)
    expect(names(await first)).toEqual(['y:1'])
    const { lists: others, fleet } = setUp(
      createScriptedUpstream('a', { '/api/tags': 'black-hole' }),
      ollama('b', 'y:1'),
    )
    fleet.apply('b', { kind: 'models-read', at: 1, models: new Map() })
    expect(names(await others.tags(all))).toEqual([])
  })

  it('does not give a list from before a change', async () => {
    const a = ollama('a', 'x:1')
    const { lists, time } = setUp(a)
    await lists.tags(all)
    a.replies['/api/tags'] = new Promise((resolve) => {
      time.startTimer(1500, () => resolve({ json: { models: [tagEntry('new:1')] } }))
    })
    lists.forget('a')
    const answer = lists.tags(all)
    await time.advance(1500)
    expect(names(await answer)).toEqual(['new:1'])
  })

  it('keeps the old list where a change leaves the upstream silent', async () => {
    const a = ollama('a', 'x:1')
    const { lists, time } = setUp(a)
    await lists.tags(all)
    a.replies['/api/tags'] = 'hang'
    lists.forget('a')
    const answer = lists.tags(all)
    await time.advance(2000)
    expect(names(await answer)).toEqual(['x:1'])
  })

  it('shows what is loaded now, and the last word of one that is silent about it during a load', async () => {
    const [a, b] = [ollama('a'), ollama('b')]
    const { lists, time } = setUp(a, b)
    a.replies['/api/ps'] = { json: { models: [tagEntry('x:1')] } }
    expect(names(await lists.ps(all))).toEqual(['x:1'])
    a.replies['/api/ps'] = 'hang'
    b.replies['/api/ps'] = { json: { models: [tagEntry('y:1')] } }
    const answer = lists.ps(all)
    await time.advance(25)
    expect(names(await answer)).toEqual(['x:1', 'y:1'])
    // One that was late is not waited for, nor asked again before it has answered or given up.
    a.paths()
    await time.advance(1000)
    expect(names(await lists.ps(all))).toEqual(['x:1', 'y:1'])
    expect(a.paths()).toEqual(['/api/ps'])
    a.replies['/api/ps'] = { json: { models: [] } }
    await time.advance(1000)
    await lists.ps(all)
    await time.advance(0)
    expect(names(await lists.ps(all))).toEqual(['y:1'])
  })

  it('lists under /v1 what /api/tags has, as the upstream words it, and as Ollama would where it is slow to', async () => {
    const a = ollama('a', 'x:1')
    const { lists, time } = setUp(a)
    await lists.tags(all)
    a.replies['/v1/models'] = 'hang'
    a.replies['/api/tags'] = { json: { models: [tagEntry('x:1'), tagEntry('me/z:1')] } }
    lists.forget('a')
    const standIn = lists.v1Models(all)
    await time.advance(25)
    const created = Date.parse('2026-01-01T00:00:00Z') / 1000
    expect(JSON.parse((await standIn).body)).toEqual({
      object: 'list',
      data: [
        { id: 'x:1', object: 'model', created, owned_by: 'library' },
        { id: 'me/z:1', object: 'model', created, owned_by: 'me' },
      ],
    })
    const own = { id: 'x:1', object: 'model', created: 7, owned_by: 'library', extra: true }
    a.replies['/v1/models'] = { json: { object: 'list', data: [own] } }
    lists.forget('a')
    expect(JSON.parse((await lists.v1Models(all)).body)).toMatchObject({ data: [{ id: 'me/z:1' }, own] })
    a.paths()
    await lists.v1Models(all)
    expect(a.paths()).toEqual([])
  })

  it('says that there is no upstream rather than that there is no model', async () => {
    await expect(setUp().lists.tags(all)).rejects.toMatchObject({ code: 'no_upstream' })
    await expect(setUp(createScriptedUpstream('a', { '/api/ps': refused })).lists.ps(all)).rejects.toMatchObject({
      status: 503,
    })
    expect(names(await setUp(ollama('a')).lists.tags(all))).toEqual([])
  })

  it('treats a stub that /api/tags marked as one in the other lists too', async () => {
    const a = ollama('a', 'here:1', 'stub:1')
    a.replies['/api/tags'] = { json: { models: [tagEntry('here:1'), tagEntry('stub:1', { remote_host: 'h' })] } }
    const { lists } = setUp(a)
    const view: ListRequest = { ...all, visible: (_, remote) => !remote }
    expect(names(await lists.tags(view))).toEqual(['here:1'])
    expect(names(await lists.v1Models(view))).toEqual(['here:1'])
  })

  it('answers one model as Ollama does, and a missing or hidden one with its 404', async () => {
    const { lists } = setUp(ollama('a', 'tiny:latest', 'ns/tiny2:v1'))
    expect(await lists.v1Model('tiny', all)).toEqual({
      status: 200,
      headers: ['content-type', 'application/json'],
      body: '{"id":"tiny","object":"model","created":1,"owned_by":"library"}\n',
    })
    expect((await lists.v1Model('ns/tiny2:v1', all)).status).toBe(200)
    const missing = {
      status: 404,
      headers: ['content-type', 'application/json'],
      body: '{"error":{"message":"model \'nope\' not found","type":"not_found_error","param":null,"code":null}}\n',
    }
    expect(await lists.v1Model('nope', all)).toEqual(missing)
    const hidden = await lists.v1Model('tiny', { ...all, visible: () => false })
    expect(hidden).toEqual({ ...missing, body: missing.body.replace('nope', 'tiny') })
  })

  it('gives the version of the fleet', () => {
    const { lists, fleet } = setUp(ollama('a'))
    expect(lists.version().body).toBe('{"version":"0.0.0"}')
    fleet.apply('a', { kind: 'probe-answered', at: 1, tookMs: 1, version: '0.24.0' })
    expect(lists.version().body).toBe('{"version":"0.24.0"}')
  })
})
