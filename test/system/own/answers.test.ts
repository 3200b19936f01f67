import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { makeKey } from '../harness/make-key.ts'
import { parseResponse } from '../harness/parse-response.ts'
import { rawExchange } from '../harness/raw-exchange.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

let fake: FakeOllama
let gateway: RunningGateway
let key: string

beforeAll(async () => {
  fake = await startFakeOllama({ models: [{ name: 'tiny' }, { name: 'ns/named' }, { name: 'hf.co/org/repo:q4' }] })
  const config = { upstreams: [{ name: 'fake', url: fake.url }], cors: { origins: ['https://app.example'] } }
  gateway = await startGateway({ config })
  key = await makeKey(gateway)
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await fake.stop()
})

function ask(
  path: string,
  options: { method?: string; key?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Response> {
  const authorization: Record<string, string> =
    options.key === undefined ? {} : { authorization: `Bearer ${options.key}` }
  return fetch(gateway.url + path, {
    method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
    headers: { ...authorization, ...options.headers },
    ...(options.body === undefined ? {} : { body: options.body }),
  })
}

describe('what a client asks before it has a key', () => {
  it.each(['', `/k/crl_nobody`])('is answered as Ollama answers it, with "%s" in front', async (prefix) => {
    const root = await ask(`${prefix}/`)
    expect([root.status, root.headers.get('content-type'), await root.text()]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'Ollama is running',
    ])
    const head = await ask(`${prefix}/`, { method: 'HEAD' })
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '17', ''])
    const version = await ask(`${prefix}/api/version`)
    expect([version.status, await version.json()]).toEqual([200, { version: '0.24.0' }])
    expect((await ask(`${prefix}/api/version`, { method: 'HEAD' })).status).toBe(200)
  })

  it('is whether it lives and is ready', async () => {
    for (const path of ['/livez', '/readyz']) expect(await (await ask(path)).text()).toBe('ok')
    expect(await (await ask('/health')).json()).toEqual({ status: 'ok' })
  })
})

describe('/health', () => {
  it('tells an admin alone what it knows, and never by a key in the path', async () => {
    for (const other of [key, 'crl_nobody'])
      expect(await (await ask('/health', { key: other })).json()).toEqual({ status: 'ok' })
    expect(await (await ask(`/k/${gateway.adminKey}/health`)).json()).toEqual({ status: 'ok' })
    const details = (await (await ask('/health', { key: gateway.adminKey })).json()) as object
    expect(details).toMatchObject({
      status: 'ok',
      upstreams: [{ name: 'fake', state: 'up', version: '0.24.0', running: 0 }],
    })
    expect(JSON.stringify(details)).not.toContain('crl_')
  })
})

describe('an answer of its own', () => {
  const answers: readonly (readonly [string, () => Promise<Response>])[] = [
    ['a greeting', () => ask('/')],
    ['a list', () => ask('/api/tags', { key })],
    ['no key', () => ask('/api/tags')],
    ['no scope', () => ask('/api/pull', { key, body: '{"model":"x"}' })],
    ['no route', () => ask('/nothing', { key })],
    ['no method', () => ask('/api/tags', { key, method: 'DELETE' })],
    ['no target', () => ask('/a;b', { key })],
    ['its state', () => ask('/admin/status', { key: gateway.adminKey })],
  ]

  it.each(answers)('carries what keeps browsers from misreading it: %s', async (_name, answer) => {
    const { headers } = await answer()
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('content-security-policy')).toBe("frame-ancestors 'none'")
    expect(headers.get('strict-transport-security')).toBeNull()
    expect(headers.get('x-request-id')).toBeTruthy()
  })

  it('does so where node:http would have answered by itself', async () => {
    for (const request of [
      'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
      'GET / HTTP/3.0\r\n\r\n',
      `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    ]) {
      const response = parseResponse((await rawExchange(gateway.port, request)).received)
      expect(response?.status).toBeGreaterThanOrEqual(400)
      expect(
        Object.fromEntries(response?.headers.map(([name, value]) => [name.toLowerCase(), value]) ?? []),
      ).toMatchObject({
        'x-content-type-options': 'nosniff',
        connection: 'close',
      })
    }
  })
})

describe('what Corral does not serve', () => {
  it.each([
    ['GET', '/nothing'],
    ['POST', '/v1/nothing'],
    ['DELETE', '/api/tags'],
    ['GET', '/api/chat'],
    ['PUT', '/api/blobs/sha256:0'],
    ['GET', '/v1/chat/completions'],
    ['PATCH', '/'],
  ])('is said as Ollama says it: %s %s', async (method, path) => {
    const direct = await fetch(fake.url + path, { method })
    const through = await ask(path, { method })
    expect([through.status, await through.text(), through.headers.get('allow')]).toEqual([
      direct.status,
      await direct.text(),
      direct.headers.get('allow'),
    ])
    expect(through.headers.get('content-type')).toBe(direct.headers.get('content-type'))
  })

  it.each(['/api/me', '/api/signout', '/api/experimental/web_search', '/v1/files', '/api/tags/'])(
    'never reaches an upstream: %s',
    async (path) => {
      fake.counters.reset()
      for (const method of ['GET', 'POST'])
        expect([404, 405]).toContain((await ask(path, { method, key: gateway.adminKey })).status)
      expect(fake.counters.requestsTo(path)).toEqual([])
    },
  )
})

describe('what Ollama lacks', () => {
  it('counts tokens', async () => {
    const body = JSON.stringify({ model: 'tiny', messages: [{ role: 'user', content: 'How many tokens are this?' }] })
    const response = await ask('/v1/messages/count_tokens', { key, body })
    expect([response.status, await response.json()]).toEqual([200, { input_tokens: 14 }])
    const wrong = await ask('/v1/messages/count_tokens', { key, body: '{}' })
    expect([wrong.status, await wrong.json()]).toMatchObject([
      400,
      { type: 'error', error: { type: 'invalid_request_error' } },
    ])
    expect((await ask('/v1/messages/count_tokens', { body })).status).toBe(401)
  })

  it('finds models whose names have slashes', async () => {
    for (const name of ['ns/named', 'hf.co/org/repo:q4', 'HF.co/org/repo:Q4', 'tiny']) {
      const response = await ask(`/v1/models/${name}`, { key })
      expect([response.status, await response.json()]).toMatchObject([200, { id: name, object: 'model' }])
    }
    const missing = await ask('/v1/models/ns/missing', { key })
    expect([missing.status, await missing.json()]).toMatchObject([
      404,
      { error: { message: expect.stringContaining('ns/missing') } },
    ])
  })
})

describe('/call_model', () => {
  const call = (body: object): Promise<Response> =>
    ask('/call_model', { headers: { APIKEY: key }, body: JSON.stringify(body) })

  it('answers in one piece where the body says nothing', async () => {
    const response = await call({ model: 'tiny', prompt: 'hello' })
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { model: 'tiny', done: true, response: expect.any(String) },
    ])
    const { target, body } = fake.counters.requestsTo('/api/generate').at(-1) ?? {}
    expect([target, body?.toString()]).toEqual(['/api/generate', '{"stream":false,"model":"tiny","prompt":"hello"}'])
  })

  it('streams where the body says so', async () => {
    const lines = (await (await call({ model: 'tiny', prompt: 'hello', stream: true })).text()).trim().split('\n')
    expect(lines.length).toBeGreaterThan(2)
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ done: true })
  })

  it('wants a key, and tells errors as Ollama does', async () => {
    expect((await ask('/call_model', { body: '{}' })).status).toBe(401)
    const unknown = await call({ model: 'nobody', prompt: 'x' })
    expect([unknown.status, await unknown.json()]).toEqual([404, { error: "model 'nobody' not found" }])
  })
})

describe('a web page', () => {
  const origin = 'https://app.example'
  const chat = { key: '', body: '{"model":"tiny","messages":[{"role":"user","content":"hi"}],"stream":false}' }

  it('of a listed origin may ask, with any header its SDK sends, without a key for the question', async () => {
    const response = await ask('/v1/messages', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,x-api-key,x-stainless-os,anthropic-version,x-evil',
      },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe(origin)
    expect(response.headers.get('access-control-allow-headers')).toBe(
      'authorization, x-api-key, x-stainless-os, anthropic-version',
    )
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
    expect(response.headers.get('vary')).toContain('Origin')
  })

  it('of a listed origin may read every answer, an error and a stream too', async () => {
    const answers = [
      ask('/api/chat', { ...chat, key, headers: { origin } }),
      ask('/api/chat', { body: '{"model":"tiny"}', key, headers: { origin } }),
      ask('/api/tags', { headers: { origin } }),
      ask('/nothing', { headers: { origin } }),
      ask('/', { headers: { origin } }),
    ]
    for (const response of await Promise.all(answers)) {
      expect(response.headers.get('access-control-allow-origin')).toBe(origin)
      await response.text()
    }
  })

  it('of another origin may not', async () => {
    const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
    const preflight = await ask('/api/chat', { method: 'OPTIONS', headers })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([403, null])
    const answer = await ask('/api/chat', { ...chat, key, headers: { origin: 'https://evil.example' } })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, null])
  })

  it('never becomes an origin that the upstream hears of', async () => {
    await ask('/api/chat', { ...chat, key, headers: { origin } })
    const { rawHeaders = [] } = fake.counters.requestsTo('/api/chat').at(-1) ?? {}
    expect(rawHeaders.filter((name) => /^(origin|referer|sec-fetch|cookie)/i.test(name))).toEqual([])
  })
})
