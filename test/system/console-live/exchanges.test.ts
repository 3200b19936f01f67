import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchangeListSchema, type ExchangeList } from '../../../src/admin/exchange-schemas.ts'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
import { loggedExchange } from '../harness/request-log.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { readStream } from '../harness/stream-client.ts'
import { startStream } from '../keys/endless-stream.ts'
import { listen } from './live-client.ts'

let before: GatewayBefore
let annKey: string
let benKey: string

async function manage(method: string, path: string, key: string, body?: object) {
  const headers = { authorization: `Bearer ${key}` }
  const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const response = await fetch(before.gateway.url + path, init)
  const { status } = response
  return { status, code: response.headers.get('corral-error'), said: await response.json() }
}

async function listed(key: string, query = ''): Promise<ExchangeList> {
  const { said } = await manage('GET', `/admin/exchanges${query}`, key)
  return exchangeListSchema.parse(said)
}

beforeAll(async () => {
  before = await startGatewayBefore({ tokensPerSecond: 50, answerTokens: 100_000 })
  for (const user of ['ann', 'ben']) await manage('POST', '/admin/users', before.key, { name: user, role: 'member' })
  annKey = await makeKey(before.gateway, { user: 'ann', name: 'ann-laptop' })
  benKey = await makeKey(before.gateway, { user: 'ben' })
})
afterAll(() => before[Symbol.asyncDispose]())

describe('a stream that somebody watches', () => {
  it('appears, is followed while it grows, and ends with what its upstream says', async () => {
    const { gateway, key } = before
    using page = await listen(gateway.url, key)
    const controller = new AbortController()
    const stream = readStream(`${gateway.url}/api/chat`, {
      body: { model: 'tiny', messages: [{ role: 'user', content: 'hi' }], options: { num_predict: 60 } },
      headers: { authorization: `Bearer ${annKey}`, 'x-request-id': 'watched-1' },
      signal: controller.signal,
    })
    await page.until(() => page.exchange('watched-1')?.state === 'streaming', 'it streams')
    expect(page.exchange('watched-1')).toMatchObject({
      ...{ user: 'ann', key_name: 'ann-laptop', method: 'POST', path: '/api/chat', dialect: 'ollama' },
      ...{ model_asked: 'tiny:latest', model: 'tiny:latest', upstream: 'fake', attempts: 1, position: null },
      ...{ total_ms: null, status: 200, ending: null, error: null },
    })
    const grown = page.exchange('watched-1')?.chunks ?? 0
    await page.until(() => (page.exchange('watched-1')?.chunks ?? 0) > grown, 'it grows')
    await page.until(() => page.exchange('watched-1')?.state === 'ended', 'it ends')
    await stream
    const last = page.exchange('watched-1')
    expect(last).toMatchObject({ ending: 'complete', error: null, tokens: 60, status: 200 })
    expect(last?.tokens_per_second).toBeGreaterThan(10)
    expect(last?.first_token_ms).toBeGreaterThan(0)
    expect(last?.total_ms).toBeGreaterThan(last?.first_token_ms ?? Infinity)
  })
})

it('a member sees what is its own, live and listed; an admin sees all', async () => {
  const { gateway, key } = before
  using annPage = await listen(gateway.url, annKey)
  using adminPage = await listen(gateway.url, key)
  const ben = await startStream(gateway, benKey, { id: 'of-ben' })
  const ann = await startStream(gateway, annKey, { id: 'of-ann' })
  await annPage.until(() => annPage.exchange('of-ann')?.state === 'streaming', 'ann sees hers')
  await adminPage.until(() => adminPage.exchange('of-ben') !== undefined, 'the admin sees that of ben')
  expect(annPage.exchange('of-ben')).toBeUndefined()
  expect(annPage.of('hello')).toMatchObject([{ user: 'ann', role: 'member' }])
  expect(adminPage.of('hello')).toMatchObject([{ user: 'admin', role: 'admin' }])
  const ids = async (who: string): Promise<string[]> => (await listed(who)).running.map(({ id }) => id)
  expect(await ids(annKey)).toEqual(['of-ann'])
  expect(await ids(key)).toEqual(['of-ben', 'of-ann'])
  expect(annPage.of('status')).toEqual([])
  expect((await manage('DELETE', '/admin/exchanges/of-ben', annKey)).status).toBe(404)
  for (const id of ['of-ann', 'of-ben'])
    expect((await manage('DELETE', `/admin/exchanges/${id}`, key)).status).toBe(200)
  await Promise.all([ann.ended, ben.ended])
  expect((await listed(annKey)).ended.map(({ user }) => user)).not.toContain('ben')
})

describe('an exchange that is stopped', () => {
  it.each([
    ['native', /^\{"error":"The request was stopped"\}$/],
    ['openai', /^data: \{"error":\{"message":"The request was stopped"/],
    ['anthropic', /^event: error\ndata: \{"type":"error"/],
  ] as const)('ends its %s stream with words, and frees its upstream', async (dialect, lastWords) => {
    const { gateway, key, fake } = before
    const id = `stopped-${dialect}`
    const stream = await startStream(gateway, annKey, { dialect, id })
    const { status, said } = await manage('DELETE', `/admin/exchanges/${id}`, annKey)
    expect(status).toBe(200)
    expect(said).toMatchObject({ id, state: 'ended', ending: 'stopped', error: 'exchange_stopped', status: 200 })
    const result = await stream.ended
    expect(result.ending).toBe('complete')
    expect(result.events.at(-1)?.text).toMatch(lastWords)
    await fake.counters.until(({ running }) => running === 0, 2000)
    expect((await listed(annKey)).ended.find((each) => each.id === id)?.ending).toBe('stopped')
    expect(await manage('DELETE', `/admin/exchanges/${id}`, key)).toMatchObject({ status: 404, code: 'not_found' })
    expect(await loggedExchange(gateway.folder, id)).toMatchObject({ ending: 'stopped', error: 'exchange_stopped' })
  })

  it('before its first byte is refused with a code, and told in the audit log', async () => {
    const { gateway, key, fake } = before
    using page = await listen(gateway.url, key)
    const clear = fake.faults.add({ kind: 'stall-before-first-byte', route: '/api/generate' })
    const asked = fetch(`${gateway.url}/api/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${benKey}`, 'x-request-id': 'stalled' },
      body: JSON.stringify({ model: 'tiny', prompt: 'hello' }),
    })
    await page.until(() => page.exchange('stalled')?.state === 'sent', 'it is sent')
    expect((await manage('DELETE', '/admin/exchanges/stalled', key)).status).toBe(200)
    clear()
    const response = await asked
    expect([response.status, response.headers.get('corral-error')]).toEqual([403, 'exchange_stopped'])
    await page.until(() => page.exchange('stalled')?.state === 'ended', 'it ends')
    const { said } = await manage('GET', '/admin/audit?limit=1', key)
    expect(said).toMatchObject([
      { user: 'admin', action: 'exchange.stop', subject: 'stalled', detail: { user: 'ben', upstream: 'fake' } },
    ])
  })

  it('in the queue leaves it, and those behind it move up', async () => {
    await using fake = await startFakeOllama({
      ...{ models: [{ name: 'tiny' }], parallel: 1, tokensPerSecond: 20, answerTokens: 100_000 },
    })
    await using gateway = await startGateway({ config: { upstreams: [{ name: 'fake', url: fake.url, slots: 1 }] } })
    const key = gateway.adminKey
    using page = await listen(gateway.url, key)
    const first = await startStream(gateway, key, { id: 'runs' })
    const waiting = ['waits-1', 'waits-2'].map((id) =>
      readStream(`${gateway.url}/api/chat`, {
        body: { model: 'tiny', messages: [{ role: 'user', content: 'hi' }], options: { num_predict: 2 } },
        headers: { authorization: `Bearer ${key}`, 'x-request-id': id },
      }),
    )
    const places = (): unknown[] => ['waits-1', 'waits-2'].map((id) => page.exchange(id)?.position)
    await page.until(() => places().includes(1) && places().includes(2), 'both have their places')
    const next = ['waits-1', 'waits-2'].find((id) => page.exchange(id)?.position === 1) ?? ''
    const after = next === 'waits-1' ? 'waits-2' : 'waits-1'
    await stopAt(gateway, next)
    await page.until(() => page.exchange(after)?.position === 1, 'the other is next')
    await stopAt(gateway, 'runs')
    await page.until(() => page.exchange(after)?.state === 'ended', 'the other has had its turn')
    expect(page.exchange(after)).toMatchObject({ ending: 'complete', tokens: 2 })
    expect(page.exchange(after)?.queue_ms).toBeGreaterThan(100)
    const statuses = (await Promise.all([first.ended, ...waiting])).map(({ status }) => status)
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 403])
  })
})

async function stopAt({ url, adminKey }: RunningGateway, id: string): Promise<void> {
  const headers = { authorization: `Bearer ${adminKey}` }
  expect((await fetch(`${url}/admin/exchanges/${id}`, { method: 'DELETE', headers })).status).toBe(200)
}

it('what nobody was let in with is told to admins alone, without the key that it came with', async () => {
  const { gateway, key } = before
  using page = await listen(gateway.url, key)
  using annPage = await listen(gateway.url, annKey)
  const secret = 'crl_0000000000000000000000000000000000'
  const response = await fetch(`${gateway.url}/k/${secret}/api/tags`, { headers: { 'x-request-id': 'stranger' } })
  expect(response.status).toBe(401)
  const chat = { method: 'POST', headers: { authorization: `Bearer ${secret}`, 'x-request-id': 'stranger-2' } }
  await fetch(`${gateway.url}/api/chat`, { ...chat, body: '{"model":"tiny"}' })
  await page.until(() => page.exchange('stranger-2') !== undefined, 'the admin sees it')
  expect(page.exchange('stranger-2')).toMatchObject({ user: null, status: 401, error: 'wrong_credential' })
  expect(JSON.stringify(page.events)).not.toContain(secret)
  expect(annPage.exchange('stranger-2')).toBeUndefined()
})

it('a member reads what it has used, and of nobody else', async () => {
  const { said: own } = await manage('GET', '/admin/me/usage?by=key,day', annKey)
  expect(own).toMatchObject([{ key: 'ann-laptop', errors: 0 }])
  expect(Object.keys((own as object[])[0] ?? {})).toEqual(expect.arrayContaining(['queue_ms', 'first_token_ms']))
  const { said } = await manage('GET', '/admin/usage?by=user', before.key)
  const rows = said as { user: string; first_token_ms: number | null; queue_ms: number | null }[]
  expect(new Set(rows.map(({ user }) => user))).toEqual(new Set(['ann', 'ben']))
  expect(rows.find(({ user }) => user === 'ann')?.first_token_ms).toBeGreaterThan(0)
  expect(rows.find(({ user }) => user === 'ann')?.queue_ms).toBeGreaterThanOrEqual(0)
  expect((await manage('GET', '/admin/me/usage?by=year', annKey)).code).toBe('invalid_input')
})
