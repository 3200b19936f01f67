import { afterAll, beforeAll, expect, it } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
import { askAdmin } from '../people/ask-admin.ts'
import { openBrowser, type Browser } from './browser.ts'

let before: GatewayBefore

beforeAll(async () => {
  before = await startGatewayBefore({ models: [{ name: 'tiny' }, { name: 'secret-sauce' }], answerTokens: 5 })
})
afterAll(() => before[Symbol.asyncDispose]())

const messages = [{ role: 'user', content: 'hello' }]
const CHAT = 'POST /admin/playground/chat'

async function loggedIn(key: string): Promise<Browser> {
  const browser = openBrowser(before.gateway)
  expect(await browser.logIn({ key })).toMatchObject({ status: 200 })
  return browser
}

it('answers as /api/chat does, and says who answered after which wait', async () => {
  const browser = await loggedIn(await makeKey(before.gateway, { name: 'tried' }))
  const answer = await browser.send(CHAT, { body: { model: 'tiny', messages } })
  const lines = (await answer.text()).trim().split('\n')
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('application/x-ndjson')
  expect(lines.length).toBeGreaterThan(3)
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
    done: true,
    eval_count: 5,
    load_duration: expect.any(Number),
    prompt_eval_duration: expect.any(Number),
  })
  const said = (name: string): string | null => answer.headers.get(name)
  expect([said('corral-upstream'), said('corral-model'), said('corral-attempts')]).toEqual(['fake', 'tiny:latest', '1'])
  expect(Number(said('corral-queue-ms'))).toBeGreaterThan(0)
  expect(said('x-request-id')).toMatch(/^[\w-]+$/)
  const whole = await browser.ask(CHAT, { body: { model: 'tiny', messages, stream: false } })
  expect(whole.body).toMatchObject({ done: true, message: { role: 'assistant' } })
  // Nobody else is told of it: answers of an upstream pass as they are.
  const headers = { authorization: `Bearer ${before.key}` }
  const plain = await fetch(`${before.gateway.url}/api/chat`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model: 'tiny', messages }),
  })
  await plain.text()
  expect(plain.headers.get('corral-queue-ms')).toBeNull()
})

it('goes the whole way of a request: scopes, models, limits and the ledger of the key', async () => {
  const limits = { requests_per_minute: 2 }
  const browser = await loggedIn(await makeKey(before.gateway, { name: 'counted', models: ['tiny'], limits }))
  const denied = await browser.ask(CHAT, { body: { model: 'secret-sauce', messages } })
  expect(denied).toMatchObject({ status: 403, code: 'model_denied' })
  for (let times = 0; times < 2; times++)
    expect(await browser.ask(CHAT, { body: { model: 'tiny', messages, stream: false } })).toMatchObject({ status: 200 })
  const limited = await browser.ask(CHAT, { body: { model: 'tiny', messages } })
  expect(limited).toMatchObject({ status: 429, code: 'rate_limited' })
  expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0)
  const used = async () => {
    const { body } = await askAdmin<Record<string, unknown>[]>(before.gateway, 'GET /admin/usage?by=key')
    return body.find(({ key }) => key === 'counted')
  }
  await expect.poll(used, { timeout: 5000 }).toMatchObject({ completion_tokens: 10 })

  const reader = await loggedIn(await makeKey(before.gateway, { scopes: ['models:read'] }))
  expect(await reader.ask(CHAT, { body: { model: 'tiny', messages } })).toMatchObject({
    status: 403,
    code: 'missing_scope',
  })
})
