import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { readStream, type StreamResult } from '../harness/stream-client.ts'

/** `a` is asked first and has no memory for anything large; `b` has. Nobody has memory for `huge`. */
let a: FakeOllama
let b: FakeOllama
let gateway: RunningGateway

const GB = 1e9
const small = { name: 'small', sizeBytes: GB }
const large = { name: 'large', sizeBytes: 20 * GB }
const other = { name: 'other', sizeBytes: GB }
const huge = { name: 'huge', sizeBytes: 90 * GB }

beforeAll(async () => {
  a = await startFakeOllama({ parallel: 4, memoryBytes: 4 * GB, models: [small, large, huge] })
  b = await startFakeOllama({ parallel: 4, memoryBytes: 40 * GB, models: [large, other] })
  const upstreams = [
    { name: 'a', url: a.url, priority: 1, slots: 4 },
    { name: 'b', url: b.url, priority: 2, slots: 4 },
  ]
  const models = { fallbacks: { huge: ['large', 'small'], large: ['other'], other: ['small'] } }
  gateway = await startGateway({ config: { upstreams, models, routing: { retry_budget: '100%' } } })
})
beforeEach(() => {
  for (const fake of [a, b]) {
    fake.faults.clear()
    fake.counters.reset()
  }
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await Promise.all([a.stop(), b.stop()])
})

function chat(model: string, headers: Readonly<Record<string, string>> = {}): Promise<StreamResult> {
  return readStream(`${gateway.url}/api/chat`, {
    headers: { authorization: `Bearer ${gateway.adminKey}`, ...headers },
    body: { model, messages: [{ role: 'user', content: 'Why?' }] },
  })
}

const asked = (fake: FakeOllama): unknown[] =>
  fake.counters.requestsTo('/api/chat').map(({ body }) => (JSON.parse(body.toString()) as { model: unknown }).model)

describe('a model that its server cannot load', () => {
  it('is run by the next one that has it, and the answer says so', async () => {
    const answer = await chat('large')
    expect([answer.status, answer.ending, asked(a), asked(b)]).toEqual([200, 'complete', ['large'], ['large']])
    expect(answer.headers).toMatchObject({
      'corral-upstream': 'b',
      'corral-model': 'large:latest',
      'corral-attempts': '2',
    })
  })

  it('is replaced by the first of its fallbacks that somebody runs', async () => {
    const answer = await chat('huge')
    expect([answer.status, answer.ending]).toEqual([200, 'complete'])
    expect(answer.headers['corral-model']).toBe('large:latest')
    expect(answer.headers['corral-upstream']).toBe('b')
    expect(asked(a)[0]).toBe('huge')
    expect(asked(b)).toEqual(['large'])
  })
})

describe('a request that names its upstreams', () => {
  it('goes to one of them', async () => {
    const answer = await chat('large', { 'corral-upstream': 'b' })
    expect([answer.status, answer.headers['corral-upstream'], answer.headers['corral-attempts']]).toEqual([
      200,
      'b',
      '1',
    ])
    expect((await chat('small', { 'corral-upstream': '*' })).headers['corral-upstream']).toBe('a')
  })

  it('is served by the first fallback that one of them has', async () => {
    const answer = await chat('other', { 'corral-upstream': 'a' })
    expect([answer.status, answer.headers['corral-model'], asked(a)]).toEqual([200, 'small:latest', ['small']])
  })

  it('is told of the failure there, where only others have its fallback', async () => {
    const answer = await chat('large', { 'corral-upstream': 'a' })
    expect([answer.status, asked(a), asked(b)]).toEqual([500, ['large'], []])
  })

  it.each(['', 'a b', 'a,,b', 'http://a'])('is told of a name that is none: "%s"', async (value) => {
    const answer = await chat('small', { 'corral-upstream': value })
    expect([answer.status, answer.headers['corral-error']]).toEqual([400, 'bad_upstream_choice'])
    expect(asked(a)).toEqual([])
  })

  it('is told of an upstream that is not there, and of those that are', async () => {
    const answer = await chat('small', { 'corral-upstream': 'c' })
    expect([answer.status, answer.headers['corral-error']]).toEqual([400, 'bad_upstream_choice'])
    expect(JSON.parse(answer.text)).toEqual({ error: 'corral-upstream names "c", which is none of a, b, default' })
  })
})
