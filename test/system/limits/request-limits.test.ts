import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { openRaw, type RawConnection } from '../../faults/raw-connection.ts'
import { makeKey } from '../harness/make-key.ts'
import { rawRequest } from '../harness/raw-request.ts'
import { loggedExchange } from '../harness/request-log.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

const A_MINUTE = 20
const AT_ONCE = 5
const CLIENTS = 64
const PATIENCE_MS = 10_000

let fake: FakeOllama
let gateway: RunningGateway

beforeAll(async () => {
  fake = await startFakeOllama({
    models: [{ name: 'tiny' }, { name: 'slow', answerTokens: 100_000, tokensPerSecond: 50 }, { name: 'rare' }],
    parallel: 2 * CLIENTS,
  })
  gateway = await startGateway({
    config: {
      // Stated, so that nothing waits until it is learnt.
      upstreams: [{ name: 'fake', url: fake.url, slots: 2 * CLIENTS }],
      limits: {
        defaults: { requests_per_minute: A_MINUTE, concurrent: AT_ONCE * 20 },
        models: [
          { match: 'slow', concurrent: AT_ONCE },
          { match: 'rare', requests_per_minute: 3 },
        ],
      },
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await fake.stop()
})
beforeEach(() => fake.faults.clear())

function chat(model: string, stream = false): object {
  return { model, stream, messages: [{ role: 'user', content: 'hello' }] }
}

function ask(key: string, path = '/api/chat', body = chat('tiny')): Promise<Response> {
  return fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  })
}

function asked(path: string): number {
  return fake.counters.snapshot().requests[`POST ${path}`] ?? 0
}

/** The status of each of so many requests, all on their way before the first is answered. */
async function statusesOf(count: number, request: Buffer): Promise<number[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => openRaw(gateway.url)))
  for (const client of clients) client.write(request)
  return Promise.all(clients.map((client) => statusOf(client)))
}

async function statusOf(client: RawConnection): Promise<number> {
  const answer = await client.until(/^HTTP\/1\.1 \d{3} [^]*\r\n\r\n/, PATIENCE_MS)
  client[Symbol.dispose]()
  return Number(answer.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length))
}

function count(statuses: readonly number[]): Record<number, number> {
  return Object.fromEntries(
    [...new Set(statuses)].map((status) => [status, statuses.filter((each) => each === status).length]),
  )
}

describe('requests per minute', () => {
  it('are just as many as the limit, however many clients ask at once', async () => {
    const key = await makeKey(gateway)
    const since = asked('/api/chat')
    const statuses = await statusesOf(CLIENTS, rawRequest('/api/chat', { key, body: chat('tiny') }))
    expect(count(statuses)).toEqual({ 200: A_MINUTE, 429: CLIENTS - A_MINUTE })
    expect(asked('/api/chat')).toBe(since + A_MINUTE)
  })

  it('are told in the head of every answer, and when there are more of them', async () => {
    const key = await makeKey(gateway)
    const first = await ask(key)
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'x-ratelimit-limit-requests': String(A_MINUTE),
      'x-ratelimit-remaining-requests': String(A_MINUTE - 1),
      'x-ratelimit-reset-requests': expect.stringMatching(/^(?:1m0|\d+)s$/),
    })
    const anthropic = await ask(key, '/v1/messages', { ...chat('tiny'), max_tokens: 3 })
    expect(Object.fromEntries(anthropic.headers)).toMatchObject({
      'anthropic-ratelimit-requests-limit': String(A_MINUTE),
      'anthropic-ratelimit-requests-remaining': String(A_MINUTE - 2),
      'anthropic-ratelimit-requests-reset': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    })
    const missing = await ask(key, '/api/chat', chat('nobody-has-this'))
    expect(missing.status).toBe(404)
    expect(missing.headers.get('x-ratelimit-remaining-requests')).toBe(String(A_MINUTE - 3))
  })

  it.each([
    ['/api/chat', /^\{"error":"The key \\"made-\d+\\" is limited to 20 requests a minute[^}]*"\}$/],
    [
      '/v1/chat/completions',
      /^\{"error":\{"message":"The key [^}]*"type":"rate_limit_error"[^}]*"code":"rate_limited"\}\}$/,
    ],
    ['/v1/responses', /^\{"error":\{"message":"The key [^}]*"type":"rate_limit_error"[^}]*"code":"rate_limited"\}\}$/],
    ['/v1/messages', /^\{"type":"error","error":\{"type":"rate_limit_error","message":"The key [^}]*"\}\}$/],
  ])('that are too many are refused on %s in its dialect', async (path, text) => {
    const key = await makeKey(gateway)
    await statusesOf(A_MINUTE, rawRequest('/api/chat', { key, body: chat('tiny') }))
    const refused = await ask(key, path, { ...chat('tiny'), max_tokens: 3 })
    expect(refused.status).toBe(429)
    expect(await refused.text()).toMatch(text)
    const headers = Object.fromEntries(refused.headers)
    expect(headers).toMatchObject({ 'corral-error': 'rate_limited' })
    expect(headers).not.toHaveProperty('x-should-retry')
    expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(60)
    const remaining =
      path === '/v1/messages' ? 'anthropic-ratelimit-requests-remaining' : 'x-ratelimit-remaining-requests'
    expect(headers[remaining]).toBe('0')
  })

  it('of a model are shared by all keys, and a refusal costs the key nothing', async () => {
    const [one, other] = [await makeKey(gateway), await makeKey(gateway)]
    const statuses = await Promise.all(
      Array.from(
        { length: 8 },
        async (_, at) => (await ask(at % 2 === 0 ? one : other, '/api/chat', chat('rare'))).status,
      ),
    )
    expect(count(statuses)).toEqual({ 200: 3, 429: 5 })
    const refused = await ask(one, '/api/chat', chat('rare'))
    expect(await refused.json()).toMatchObject({
      error: expect.stringContaining('The model "rare:latest" is limited to 3'),
    })
    const left = [await ask(one), await ask(other)].map((each) => each.headers.get('x-ratelimit-remaining-requests'))
    // Three of the model's and these two.
    expect(left.reduce((sum, each) => sum + Number(each), 0)).toBe(2 * A_MINUTE - 5)
  })
})

describe('requests at a time', () => {
  it('are just as many as the limit, and one that is over makes room', async () => {
    const keys = await Promise.all(Array.from({ length: 4 }, () => makeKey(gateway)))
    const clients = await Promise.all(Array.from({ length: 16 }, () => openRaw(gateway.url)))
    onTestFinished(() => clients.forEach((client) => client[Symbol.dispose]()))
    const request = (at: number) => rawRequest('/api/chat', { key: keys[at % 4] ?? '', body: chat('slow', true) })
    for (const [at, client] of clients.entries()) client.write(request(at))
    const heads = await Promise.all(
      clients.map((client) => client.until(/^HTTP\/1\.1 \d{3} [^]*\r\n\r\n/, PATIENCE_MS)),
    )
    const running = clients.filter((_, at) => heads[at]?.startsWith('HTTP/1.1 200') === true)
    expect(running).toHaveLength(AT_ONCE)
    for (const head of heads) {
      if (!head.startsWith('HTTP/1.1 200')) expect(head).toMatch(/^HTTP\/1\.1 429 [^]*retry-after: 1\r\n/)
    }
    // Each way to leave gives its place back.
    running[0]?.[Symbol.dispose]()
    using next = await openRaw(gateway.url)
    await expect
      .poll(
        async () => {
          const response = await fetch(`${gateway.url}/api/chat`, {
            method: 'POST',
            headers: { authorization: `Bearer ${gateway.adminKey}` },
            body: JSON.stringify({ ...chat('slow'), options: { num_predict: 1 } }),
          })
          await response.text()
          return response.status
        },
        { timeout: PATIENCE_MS },
      )
      .toBe(200)
    next.write(request(1))
    expect(await next.until(/^HTTP\/1\.1 \d{3} /, PATIENCE_MS)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('are given back when an upstream fails, and when a client leaves the queue', async () => {
    const key = await makeKey(gateway)
    // What the test before has left is over.
    await fake.counters.until(({ running }) => running === 0, PATIENCE_MS)
    fake.faults.add({ kind: 'busy-503' })
    const failed = await ask(key, '/api/chat', chat('slow'))
    expect(failed.status).toBeGreaterThanOrEqual(500)
    fake.faults.clear()
    using client = await openRaw(gateway.url)
    client.write(rawRequest('/api/chat', { key, id: 'left-early', body: chat('slow') }))
    await expect.poll(() => fake.counters.snapshot().running ?? 0, { timeout: PATIENCE_MS }).toBeGreaterThan(0)
    client[Symbol.dispose]()
    expect(await loggedExchange(gateway.folder, 'left-early')).toMatchObject({ ending: 'client-gone' })
    const statuses = await statusesOf(AT_ONCE, rawRequest('/api/chat', { key, body: chat('slow', true) }))
    expect(count(statuses)).toEqual({ 200: AT_ONCE })
  })
})
