import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exchangeListSchema, type ExchangeList } from '../../../src/admin/exchange-schemas.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
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
