import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { makeKey } from '../harness/make-key.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

let a: FakeOllama
let b: FakeOllama
let gateway: RunningGateway

beforeAll(async () => {
  a = await startFakeOllama({ models: [{ name: 'llama3' }, { name: 'fixed' }, { name: 'shared' }, { name: 'pinned' }] })
  b = await startFakeOllama({ models: [{ name: 'only-b' }, { name: 'shared' }, { name: 'pinned' }] })
  const models = {
    default: 'llama3',
    aliases: { 'gpt-4o-mini': 'llama3', 'chain:one': 'gpt-4o-mini' },
    fallbacks: { 'qwen3:32b': ['missing-too', 'llama3'], 'only-b': ['llama3'] },
    assignments: { pinned: ['b'] },
    policies: [
      { match: 'fixed*', num_ctx: 4096, keep_alive: '10m' },
      { match: 'llama3*', num_ctx: 'strip', keep_alive: 'strip' },
    ],
  }
  const upstreams = [
    { name: 'a', url: a.url, priority: 1 },
    { name: 'b', url: b.url, priority: 2 },
  ]
  gateway = await startGateway({ config: { upstreams, models } })
})
beforeEach(() => {
  a.counters.reset()
  b.counters.reset()
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await Promise.all([a.stop(), b.stop()])
})

interface Answer {
  readonly status: number
  readonly upstream: string | null
  readonly code: string | null
  readonly body: Readonly<Record<string, unknown>>
}

async function ask(
  path: string,
  body: string | null,
  options: { key?: string; method?: string } = {},
): Promise<Answer> {
  const response = await fetch(gateway.url + path, {
    method: options.method ?? (body === null ? 'GET' : 'POST'),
    headers: { authorization: `Bearer ${options.key ?? gateway.adminKey}` },
    body,
  })
  const text = await response.text()
  const { headers, status } = response
  const json = text === '' ? {} : (JSON.parse(text) as Answer['body'])
  return { status, upstream: headers.get('corral-upstream'), code: headers.get('corral-error'), body: json }
}

/** The body of the last request to a path, as the upstream got it. */
function sent(fake: FakeOllama, path: string): string {
  return fake.counters.requestsTo(path).at(-1)?.body.toString() ?? 'nothing'
}

/** How much longer `a` keeps a model in its memory, in milliseconds. */
function staysFor(name: string): number {
  const runner = a.loaded().find(({ model }) => model.name.startsWith(name))
  return runner === undefined ? 0 : runner.expiresAt - Date.now()
}

describe('a request that names no model', () => {
  it('gets the default one', async () => {
    expect(await ask('/api/generate', '{"prompt":"","stream":false}')).toMatchObject({
      status: 200,
      body: { model: 'llama3' },
    })
    const v1 = await ask('/v1/chat/completions', '{"model":"","messages":[{"role":"user","content":"hi"}]}')
    expect(v1).toMatchObject({ status: 200, body: { model: 'llama3' } })
    const strange = await makeKey(gateway, { models: ['shared'] })
    expect(await ask('/api/generate', '{"prompt":""}', { key: strange })).toMatchObject({
      status: 403,
      code: 'model_denied',
    })
  })
})

describe('policies', () => {
  it('strip what would reload or pin a model, and leave every other byte', async () => {
    await ask(
      '/api/chat',
      '{ "model":"LLAMA3", "keep_alive":-1,  "stream":false,"options": {"num_ctx":9,"seed":1,"num_gpu":0}, "messages":[] }',
    )
    expect(sent(a, '/api/chat')).toBe('{ "model":"LLAMA3",   "stream":false,"options": {"seed":1}, "messages":[] }')
  })

  it('set what every request gets', async () => {
    for (const body of [
      '{"model":"fixed","prompt":""}',
      '{"model":"fixed","prompt":"","keep_alive":0,"options":{"num_ctx":64000,"seed":1}}',
    ]) {
      expect((await ask('/api/generate', body)).status).toBe(200)
      const got = JSON.parse(sent(a, '/api/generate')) as { keep_alive: unknown; options: { num_ctx: unknown } }
      expect([got.keep_alive, got.options.num_ctx]).toEqual(['10m', 4096])
    }
    expect(sent(a, '/api/generate')).toContain('"seed":1')
  })

  it('let a keep_alive hold on /v1, which cannot carry it, without loading the model anew', async () => {
    const body = '{"model":"fixed","messages":[{"role":"user","content":"hi"}]}'
    expect((await ask('/v1/chat/completions', body)).status).toBe(200)
    expect(sent(a, '/v1/chat/completions')).toBe(body)
    await vi.waitFor(() =>
      expect(sent(a, '/api/generate')).toBe('{"model":"fixed:latest","keep_alive":"10m","stream":false}'),
    )
    await vi.waitFor(() => expect(staysFor('fixed')).toBeGreaterThan(9 * 60_000))
    expect(staysFor('fixed')).toBeLessThan(10 * 60_000)
  })

  it('leave the bytes of every other model alone', async () => {
    const body = '{ "model" : "shared","keep_alive" : "1h", "options":{"num_ctx":9}, "prompt":"" }'
    await ask('/api/generate', body)
    expect(sent(a, '/api/generate')).toBe(body)
  })
})

describe('an alias', () => {
  it('is answered by what it stands for, on every face of the API', async () => {
    const requests = [
      ['/api/chat', '{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}],"stream":false}'],
      ['/api/show', '{"name":"GPT-4o-mini"}'],
      ['/v1/chat/completions', '{"model":"gpt-4o-mini:latest","messages":[{"role":"user","content":"hi"}]}'],
      ['/v1/messages', '{"model":"chain:one","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}'],
      ['/v1/embeddings', '{"model":"gpt-4o-mini","input":"hi"}'],
    ] as const
    for (const [path, body] of requests) {
      expect([path, (await ask(path, body)).status]).toEqual([path, 200])
      expect(sent(a, path)).toBe(body.replace(/"(?:GPT|gpt)-4o-mini(?::latest)?"|"chain:one"/, '"llama3"'))
    }
  })

  it('is known to /v1/models by its own name', async () => {
    expect(await ask('/v1/models/gpt-4o-mini', null)).toMatchObject({ status: 200, body: { id: 'gpt-4o-mini' } })
  })

  it('belongs to a key that may use its model, and to no other', async () => {
    const use = '{"model":"gpt-4o-mini","stream":false,"prompt":""}'
    const target = await makeKey(gateway, { models: ['llama3'] })
    const name = await makeKey(gateway, { models: ['gpt-4o-mini'] })
    expect(await ask('/api/generate', use, { key: target })).toMatchObject({ status: 200 })
    expect(await ask('/api/generate', use, { key: name })).toMatchObject({ status: 403, code: 'model_denied' })
    expect(JSON.stringify((await ask('/api/tags', null, { key: target })).body)).toContain('gpt-4o-mini')
    expect(JSON.stringify((await ask('/api/tags', null, { key: name })).body)).not.toContain('gpt-4o-mini')
  })

  it('is never what a write changes', async () => {
    const deleted = await ask('/api/delete', '{"model":"gpt-4o-mini"}', { method: 'DELETE' })
    expect(deleted.status).toBe(404)
    const pushed = await ask('/api/push', '{"model":"qwen3:32b","stream":false}')
    expect(pushed.status).not.toBe(200)
    await ask('/api/pull', '{"model":"qwen3:32b","stream":false}')
    expect(sent(a, '/api/pull')).toBe('{"model":"qwen3:32b","stream":false}')
    expect(a.models.find('llama3')).toBeDefined()
    a.models.remove('qwen3:32b')
    await ask('/api/delete', '{"model":"qwen3:32b"}', { method: 'DELETE' })
    expect(a.models.find('llama3')).toBeDefined()
  })
})

describe('a fallback', () => {
  it('answers for a model that nobody has', async () => {
    const answer = await ask(
      '/v1/chat/completions',
      '{"model":"qwen3:32b","messages":[{"role":"user","content":"hi"}]}',
    )
    expect(answer).toMatchObject({ status: 200, upstream: 'a', body: { model: 'llama3' } })
  })

  it('does not answer for one that somebody has', async () => {
    expect(await ask('/api/generate', '{"model":"only-b","prompt":"","stream":false}')).toMatchObject({
      upstream: 'b',
      body: { model: 'only-b' },
    })
  })

  it('answers for one that is out of reach of the key', async () => {
    const key = await makeKey(gateway, { upstreams: ['a'] })
    const answer = await ask('/api/generate', '{"model":"only-b","prompt":"","stream":false}', { key })
    expect(answer).toMatchObject({ status: 200, upstream: 'a', body: { model: 'llama3' } })
  })
})

describe('an upstream', () => {
  it('that a key may not reach never hears of it, nor is it listed', async () => {
    const key = await makeKey(gateway, { upstreams: ['b'] })
    expect(await ask('/api/generate', '{"model":"shared","prompt":"","stream":false}', { key })).toMatchObject({
      upstream: 'b',
    })
    const refused = await ask('/api/generate', '{"model":"fixed","prompt":"","stream":false}', { key })
    expect(refused.status).toBeGreaterThanOrEqual(400)
    const { body } = await ask('/api/tags', null, { key })
    expect((body['models'] as { name: string }[]).map((model) => model.name).toSorted()).toEqual([
      'only-b:latest',
      'pinned:latest',
      'shared:latest',
    ])
    expect(await ask('/v1/models/ns/fixed', null, { key })).toMatchObject({ status: 404 })
    expect(a.counters.requestsTo('/api/generate')).toEqual([])
  })

  it('that a model is assigned to serves it, whatever the priorities say', async () => {
    for (let i = 0; i < 3; i += 1) {
      expect((await ask('/api/generate', '{"model":"pinned","prompt":"","stream":false}')).upstream).toBe('b')
    }
    const key = await makeKey(gateway, { upstreams: ['a'] })
    const refused = await ask('/api/generate', '{"model":"pinned","prompt":"","stream":false}', { key })
    expect([refused.status, refused.code]).toEqual([403, 'model_denied'])
  })
})
