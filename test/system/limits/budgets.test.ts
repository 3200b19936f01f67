import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
import { MAIN } from '../harness/product-command.ts'
import { loggedExchange } from '../harness/request-log.ts'
import { runCommand } from '../harness/run-command.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { readStream, type StreamResult } from '../harness/stream-client.ts'

const models = [
  { name: 'tiny', answerTokens: 20 },
  { name: 'endless', answerTokens: 1_000_000, tokensPerSecond: 2000 },
  { name: 'big', answerTokens: 20 },
  { name: 'small', answerTokens: 20 },
]
const config = {
  models: {
    fallbacks: { big: ['small'] },
    prices: [{ match: 'small', prompt: 1000, completion: 2000 }],
  },
}

let before: GatewayBefore

beforeAll(async () => {
  before = await startGatewayBefore({ models }, { config })
})
afterAll(() => before[Symbol.asyncDispose]())
beforeEach(() => before.fake.faults.clear())

const messages = [{ role: 'user', content: 'hello' }]

function ask(key: string, model = 'tiny'): Promise<Response> {
  return askAt(before.gateway.url, key, model)
}

async function askAt(url: string, key: string, model = 'tiny'): Promise<Response> {
  const headers = { authorization: `Bearer ${key}` }
  const response = await fetch(`${url}/api/chat`, {
    ...{ method: 'POST', headers, body: JSON.stringify({ model, stream: false, messages }) },
  })
  return new Response(await response.text(), response)
}

/** What an answer says that it took. */
async function tokensOf(response: Response): Promise<number> {
  expect(response.status).toBe(200)
  const told = (await response.json()) as { prompt_eval_count: number; eval_count: number }
  return told.prompt_eval_count + told.eval_count
}

/** What is left of a budget, as a refused or a small request hears it: what it has set aside itself is not in it. */
async function usedOf(key: string, model = 'tiny'): Promise<{ readonly tokens: number; readonly cost: number }> {
  const response = await fetch(`${before.gateway.url}/admin/usage?by=key,model`, {
    headers: { authorization: `Bearer ${before.gateway.adminKey}` },
  })
  const rows = (await response.json()) as { key: string; model: string; [name: string]: number | string }[]
  const mine = rows.filter((row) => row.key === key && row.model === `${model}:latest`)
  const sum = (name: string): number => mine.reduce((total, row) => total + Number(row[name]), 0)
  return { tokens: sum('prompt_tokens') + sum('completion_tokens'), cost: sum('cost') }
}

function stream(key: string, path: string, body: object, id: string): Promise<StreamResult> {
  return readStream(before.gateway.url + path, {
    headers: { authorization: `Bearer ${key}`, 'x-request-id': id },
    body: { model: 'endless', messages, stream: true, ...body },
  })
}

describe('a budget of tokens', () => {
  it('is spent by what the upstream counts, and then refuses until its day is over', async () => {
    const key = await makeKey(before.gateway, { limits: { tokens_per_day: 60 } })
    const first = await ask(key)
    expect(Object.fromEntries(first.headers)).toMatchObject({
      'x-ratelimit-limit-tokens': '60',
      'x-ratelimit-reset-tokens': expect.stringMatching(/^(?:\d+h)?(?:\d+m)?\d+s$/),
    })
    let used = await tokensOf(first)
    for (;;) {
      const response = await ask(key)
      if (response.status === 429) {
        expect(await response.json()).toEqual({ error: expect.stringMatching(/ is limited to 60 tokens a day/) })
        const headers = Object.fromEntries(response.headers)
        expect(headers).toMatchObject({ 'corral-error': 'budget_exhausted', 'x-should-retry': 'false' })
        const seconds = Number(headers['retry-after'])
        expect(seconds > 0 && seconds <= 86_400).toBe(true)
        expect(headers['x-ratelimit-remaining-tokens']).toBe(String(Math.max(0, 60 - used)))
        return
      }
      used += await tokensOf(response)
      expect(used).toBeLessThan(200)
    }
  })

  it('is not forgotten by a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'corral-budget-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const options = { folder, config: { upstreams: [{ name: 'fake', url: before.fake.url }] } }
    const first = await startGateway(options)
    onTestFinished(() => first[Symbol.asyncDispose]())
    const key = await makeKey(first, { limits: { tokens_per_day: 1000, tokens_per_month: 500 } })
    const used = await tokensOf(await askAt(first.url, key))
    await first.stop()

    const again = await startGateway(options)
    onTestFinished(() => again[Symbol.asyncDispose]())
    const response = await askAt(again.url, key)
    const told = Number(response.headers.get('x-ratelimit-remaining-tokens'))
    // Beside what was used there is what this request has set aside: a usual answer, and its prompt about.
    expect(told).toBeLessThanOrEqual(500 - used - 256)
    expect(told).toBeGreaterThan(500 - used - 256 - 20)
  })

  it('of a user is one for all the keys of the user', async () => {
    const answer = await fetch(`${before.gateway.url}/admin/users`, {
      ...{ method: 'POST', headers: { authorization: `Bearer ${before.gateway.adminKey}` } },
      body: JSON.stringify({ name: 'ann', limits: { requests_per_minute: 3 } }),
    })
    const { key } = (await answer.json()) as { key: { secret: string } }
    const other = await makeKey(before.gateway, { user: 'ann' })
    const statuses = []
    for (const each of [key.secret, other, key.secret, other]) statuses.push((await ask(each)).status)
    expect(statuses).toEqual([200, 200, 200, 429])
    expect(await (await ask(other)).json()).toMatchObject({ error: expect.stringContaining('The user "ann"') })
  })
})

describe('a budget of one who shares an answer', () => {
  it('is charged what the ledger says when the account passes to it', async () => {
    await using shared = await startGatewayBefore({ models }, { config: { ...config, cache: { mode: 'all' } } })
    const key = await makeKey(shared.gateway, { name: 'heir', limits: { tokens_per_day: 100_000 } })
    const body = { model: 'small', messages, stream: true }
    shared.fake.faults.add({ kind: 'slow-drip', bytes: 200, delayMs: 20, times: 1, route: '/api/chat' })
    const leave = new AbortController()
    const url = `${shared.gateway.url}/api/chat`
    const heir: { answer?: Promise<StreamResult> } = {}
    const left = readStream(url, {
      ...{ headers: { authorization: `Bearer ${shared.key}` }, body, signal: leave.signal },
      onChunk() {
        heir.answer ??= readStream(url, {
          headers: { authorization: `Bearer ${key}` },
          body,
          onChunk: () => leave.abort(),
        })
      },
    })
    await left.catch(() => undefined)
    expect((await heir.answer)?.headers).toMatchObject({ 'corral-cache': 'coalesced' })
    const asked = await fetch(`${shared.gateway.url}/admin/usage?by=key`, {
      headers: { authorization: `Bearer ${shared.gateway.adminKey}` },
    })
    const rows = (await asked.json()) as Record<string, number | string>[]
    const row = rows.find((each) => each['key'] === 'heir') ?? {}
    expect(row['completion_tokens']).toBe(20)
    expect(row['cost']).toBeGreaterThan(0)
    const me = await fetch(`${shared.gateway.url}/admin/me`, { headers: { authorization: `Bearer ${key}` } })
    const { limits } = (await me.json()) as { limits: { limit: string; used: number }[] }
    expect(limits.find(({ limit }) => limit === 'tokens_per_day')?.used).toBe(20 + Number(row['prompt_tokens']))
  })
})

describe('a budget of money', () => {
  it('is spent by the price of the model that answered, which is what the ledger says', async () => {
    const key = await makeKey(before.gateway, { name: 'payer', limits: { money_per_month: 0.05 } })
    before.fake.faults.add({ kind: 'busy-503', times: 1 })
    const response = await ask(key, 'big')
    expect([response.status, response.headers.get('corral-model')]).toEqual([200, 'small:latest'])
    const { prompt_eval_count: prompt, eval_count: answer } = (await response.json()) as Record<string, number>
    const cost = ((prompt ?? 0) * 1000 + (answer ?? 0) * 2000) / 1_000_000
    expect((await usedOf('payer', 'small')).cost).toBeCloseTo(cost, 9)
    // What costs nothing is not limited by money.
    expect((await ask(key, 'tiny')).status).toBe(200)
    expect((await ask(key, 'small')).status).toBe(429)
  })
})

describe('a budget that runs out in the middle of an answer', () => {
  it.each([
    ['/api/chat', {}, /\{"error":"The key \\"ends-[a-z0-9-]+\\" is limited to 300 tokens a day[^\n]*"\}\n$/],
    [
      '/api/generate',
      { prompt: 'hello', messages: undefined },
      /\{"error":"The key \\"ends-[a-z0-9-]+\\" is limited to 300 tokens a day[^\n]*"\}\n$/,
    ],
    ['/v1/chat/completions', {}, /\n\ndata: \{"error":\{[^\n]*"code":"budget_exhausted"\}\}\n\n$/],
    [
      '/v1/completions',
      { prompt: 'hello', messages: undefined },
      /\n\ndata: \{"error":\{[^\n]*"budget_exhausted"\}\}\n\n$/,
    ],
    [
      '/v1/responses',
      { input: 'hello', messages: undefined },
      /\n\nevent: response\.failed\ndata: [^\n]*budget_exhausted[^\n]*\n\n$/,
    ],
    [
      '/v1/messages',
      { max_tokens: 1_000_000 },
      /\n\nevent: error\ndata: \{"type":"error",[^\n]* is limited to 300 tokens a day[^\n]*"\}\}\n\n$/,
    ],
  ])('ends %s in-band, and the work behind it', async (path, body, words) => {
    const name = `ends${path.replaceAll('/', '-')}`
    const key = await makeKey(before.gateway, { name, limits: { tokens_per_day: 300 } })
    const { aborted } = before.fake.counters.snapshot()
    const answer = await stream(key, path, body, name)
    expect([answer.status, answer.ending]).toEqual([200, 'complete'])
    expect(answer.text).toMatch(words)
    await before.fake.counters.until((now) => now.aborted > aborted && now.running === 0)
    expect(await loggedExchange(before.gateway.folder, name)).toMatchObject({
      ...{ status: 200, ending: 'budget-exhausted', error: 'budget_exhausted' },
    })
    // The whole budget, as far as lines tell, and what was made before anybody could stop it.
    const { tokens } = await usedOf(name, 'endless')
    expect(tokens).toBeGreaterThan(270)
    expect(tokens).toBeLessThan(600)
    expect((await ask(key)).status).toBe(429)
  })

  it('is charged for what has passed when the client leaves before that', async () => {
    const key = await makeKey(before.gateway, { name: 'leaver', limits: { tokens_per_day: 100_000 } })
    const leave = new AbortController()
    let chunks = 0
    const left = readStream(`${before.gateway.url}/api/chat`, {
      headers: { authorization: `Bearer ${key}`, 'x-request-id': 'leaver' },
      body: { model: 'endless', messages },
      signal: leave.signal,
      onChunk: () => {
        chunks += 1
        if (chunks === 20) leave.abort()
      },
    })
    await left.catch(() => undefined)
    expect(await loggedExchange(before.gateway.folder, 'leaver')).toMatchObject({ ending: 'client-gone' })
    expect((await usedOf('leaver', 'endless')).tokens).toBeGreaterThanOrEqual(20)
  })

  it('may come to its end where the config says so', async () => {
    await using other = await startGatewayBefore({ models }, { config: { limits: { on_exhausted: 'finish' } } })
    const key = await makeKey(other.gateway, { limits: { tokens_per_day: 15 } })
    const answer = await readStream(`${other.gateway.url}/api/chat`, {
      headers: { authorization: `Bearer ${key}` },
      body: { model: 'tiny', messages },
    })
    expect(answer.text).toMatch(/"done":true[^\n]*\n$/)
    expect((await askAt(other.gateway.url, key)).status).toBe(429)
  })
})

describe('what is wrong with limits', () => {
  it.each([
    ['limits: {defaults: {requests_per_minute: 0}}', 'should be a whole number from 1'],
    ['limits: {defaults: {tokens_per_day: -5}}', 'should be a number of tokens from 1 on, such as 500000, 500k or 2M'],
    ['limits: {defaults: {tokens_per_day: 5 gallons}}', 'should be a number of tokens from 1 on'],
    ['limits: {defaults: {money_per_month: 0}}', 'should be an amount of money above 0'],
    ['limits: {defaults: {request_per_minute: 5}}', 'did you mean limits.defaults.requests_per_minute?'],
    ['limits: {models: [{match: "qwen3:*"}]}', 'has no limit for "qwen3:*"'],
    ['models: {prices: [{match: "gpt-*", prompt: free, completion: 1}]}', 'should be an amount of money such as 2.50'],
  ])('%s is told in one line', async (yaml, sentence) => {
    const { folder } = before.gateway
    await writeFile(join(folder, 'wrong.yaml'), yaml)
    const { code, stdout, stderr } = await runCommand(MAIN, ['config', 'check', '--config', 'wrong.yaml'], { folder })
    const lines = (stdout + stderr).trim().split('\n')
    expect([code, lines.filter((line) => line.includes(sentence))]).toEqual([
      1,
      [expect.stringContaining('wrong.yaml:1:')],
    ])
  })
})
