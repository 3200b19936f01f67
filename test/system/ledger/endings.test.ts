import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { routes } from '../failure/scene.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
import { readStream, type StreamRequest, type StreamResult } from '../harness/stream-client.ts'
import { bookedExchanges, type BookedExchange, readRows, usageOf } from './books.ts'

let before: GatewayBefore
let key: string
let asked = 0

beforeAll(async () => {
  before = await startGatewayBefore(
    { models: [{ name: 'tiny' }], tokensPerSecond: 2000 },
    { config: { routing: { idle_timeout: '500ms', retry_budget: '0%' } } },
  )
  key = await makeKey(before.gateway, { scopes: ['chat', 'embed', 'models:read'] })
})
beforeEach(() => before.fake.faults.clear())
afterAll(() => before[Symbol.asyncDispose]())

interface Asked {
  readonly row: BookedExchange
  readonly answer: StreamResult | null
}

/** Asks once, and expects the one row about it. A client that leaves has no answer. */
async function ask(path: string, body?: object, options: StreamRequest = {}): Promise<Asked> {
  const id = `booked-${(asked += 1)}`
  const headers = { authorization: `Bearer ${key}`, 'x-request-id': id, ...options.headers }
  const answer = await readStream(before.gateway.url + path, { ...options, headers, body }).catch(() => null)
  return { row: await rowOf(id), answer }
}

async function rowOf(id: string): Promise<BookedExchange> {
  const deadline = performance.now() + 5000
  for (;;) {
    const rows = (await bookedExchanges(before.gateway)).filter(({ exchange }) => exchange === id)
    const [row] = rows
    if (rows.length > 1) throw new Error(`${rows.length} rows are about ${id}`)
    if (row !== undefined) return row
    if (performance.now() > deadline) throw new Error(`no row is about ${id}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** What an answer says of its tokens, whichever the dialect; undefined where it is silent. */
function countsIn(text: string): { readonly prompt?: number; readonly completion?: number } {
  const last = (pattern: RegExp): number | undefined => {
    const found = [...text.matchAll(pattern)].at(-1)?.[1]
    return found === undefined ? undefined : Number(found)
  }
  const prompt = last(/"(?:prompt_eval_count|prompt_tokens|input_tokens)":(\d+)/g)
  const completion = last(/"(?:eval_count|completion_tokens|output_tokens)":(\d+)/g)
  return { ...(prompt !== undefined && { prompt }), ...(completion !== undefined && { completion }) }
}

const chat = { model: 'tiny', messages: [{ role: 'user', content: 'Why is the sky blue?' }] }

describe('a row', () => {
  it.each(routes.map((route) => [route.name, route] as const))(
    'of %s has what the upstream counted',
    async (_, route) => {
      const { row, answer } = await ask(route.path, route.body('tiny'))
      expect(answer).toMatchObject({ status: 200, ending: 'complete' })
      expect(row).toMatchObject({
        user: 'admin',
        key_name: expect.stringMatching(/^made-/),
        route: route.path,
        dialect: route.dialect,
        model_asked: 'tiny:latest',
        model: 'tiny:latest',
        upstream: 'fake',
        agent: null,
        attempts: 1,
        status: 200,
        ending: 'complete',
        error: null,
        bytes_in: Buffer.byteLength(JSON.stringify(route.body('tiny'))),
        bytes_out: Buffer.byteLength(answer?.text ?? ''),
      })
      const told = countsIn(answer?.text ?? '')
      expect(row.prompt_tokens).toBe(told.prompt ?? row.prompt_tokens)
      expect(row.prompt_tokens).toBeGreaterThan(0)
      expect(row.completion_tokens ?? 0).toBe(told.completion ?? row.completion_tokens ?? 0)
      if (!route.path.includes('embed')) expect(row.completion_tokens).toBeGreaterThan(0)
      expect(row.first_token_ms ?? Infinity).toBeLessThanOrEqual(row.total_ms)
    },
  )

  it('is there for what the gateway refuses once it knows the key', async () => {
    const { row, answer } = await ask('/v1/chat/completions', { ...chat, model: 'nobody/has-it' })
    expect(answer?.status).toBe(404)
    expect(row).toMatchObject({ user: 'admin', model_asked: 'nobody/has-it:latest', status: 404, ending: 'complete' })
    const denied = await ask('/api/pull', { model: 'tiny' })
    expect(denied.row).toMatchObject({ key_name: row.key_name, status: 403, ending: 'refused', error: 'missing_scope' })
  })

  it('is there for what is read about a model, and for what is passed on', async () => {
    expect((await ask('/api/show', { model: 'tiny' })).row).toMatchObject({ route: '/api/show', ending: 'complete' })
    const relayed = await ask('/api/status')
    expect(relayed.row).toMatchObject({ route: '/api/status', model: null, status: relayed.answer?.status })
  })

  it('says that the client left, and counts what it was sent', async () => {
    before.fake.faults.add({ kind: 'stall-mid-stream', afterChunks: 3, times: 1 })
    const leaving = new AbortController()
    const { row } = await ask('/api/chat', chat, { signal: leaving.signal, onChunk: () => leaving.abort() })
    expect(row).toMatchObject({ ending: 'client-gone', status: 499, error: null, upstream: 'fake' })
    expect(row.bytes_out).toBeGreaterThan(0)
  })

  it('says that the upstream broke off, and that nobody could answer', async () => {
    before.fake.faults.add({ kind: 'reset-after-headers', times: 1 })
    const broken = await ask('/v1/chat/completions', { ...chat, stream: true })
    expect(broken.row).toMatchObject({ ending: 'upstream-failed', upstream: 'fake', model: 'tiny:latest' })
    expect(broken.row.error).not.toBeNull()
    before.fake.faults.add({ kind: 'stall-mid-stream', afterChunks: 3, times: 1 })
    const stalled = await ask('/api/chat', chat)
    expect(stalled.row).toMatchObject({ status: 200, ending: 'timed-out', error: 'upstream_timeout' })
  })

  it('is not there for what the gateway answers itself, nor for who has no key', async () => {
    const rows = (await bookedExchanges(before.gateway)).length
    for (const path of ['/api/tags', '/v1/models', '/api/version', '/health', '/nowhere'])
      await readStream(before.gateway.url + path, { headers: { authorization: `Bearer ${key}` } })
    await readStream(`${before.gateway.url}/api/chat`, { headers: { authorization: 'Bearer wrong' }, body: chat })
    expect(await bookedExchanges(before.gateway)).toHaveLength(rows)
  })

  it('is in the sums of its day, whatever became of it', async () => {
    const [all] = await usageOf(before.gateway, 'by=day')
    const single = `SELECT count(*) AS requests, sum(prompt_tokens) AS prompt_tokens,
      sum(completion_tokens) AS completion_tokens FROM exchanges`
    expect(all).toMatchObject({ ...readRows(before.gateway, single)[0] })
    expect(all?.errors).toBe(4)
  })
})
