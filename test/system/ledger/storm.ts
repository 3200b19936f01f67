import { expect, vi } from 'vitest'
import type { FaultRule } from '../../fakes/fake-ollama/faults.ts'
import { seededRandom } from '../../fakes/seeded-random.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
import { total } from '../metrics/parse-exposition.ts'
import { scrape } from '../metrics/scrape.ts'
import { readRows, usageOf } from './books.ts'

const CLIENTS = 24
/** Of the requests, how many meet a fault, and how many leave in the middle. */
const FAULTY = 0.05
const LEAVING = 0.05
const BUDGET = 10 ** 12
const DAY_MS = 86_400_000

const messages = [{ role: 'user', content: 'Why is the sky blue?' }]
const asked = [
  { path: '/api/chat', body: { model: 'tiny', messages } },
  { path: '/api/chat', body: { model: 'tiny', messages, stream: false } },
  { path: '/api/generate', body: { model: 'tiny', prompt: 'Why?' } },
  { path: '/v1/chat/completions', body: { model: 'tiny', messages, stream: true } },
  { path: '/v1/chat/completions', body: { model: 'tiny', messages } },
  { path: '/v1/messages', body: { model: 'tiny', messages, max_tokens: 64, stream: true } },
  { path: '/v1/responses', body: { model: 'tiny', input: 'Why?', stream: true } },
  { path: '/api/embed', body: { model: 'tiny', input: 'Why?' } },
  { path: '/v1/chat/completions', body: { model: 'nobody-has-it', messages } },
]
/** None before the head: within one attempt that is sent again where a kept connection has died, so a server counts two. */
const faults: readonly FaultRule[] = [
  { kind: 'reset-after-headers' },
  { kind: 'reset-mid-line', afterChunks: 2 },
  { kind: 'clean-end', afterChunks: 2 },
  { kind: 'error-line', afterChunks: 2 },
  { kind: 'busy-503' },
  { kind: 'html-200' },
]

/** What a client knows of one exchange when it is over. */
interface Seen {
  /** Undefined: it left, or the connection broke, before there was a head. */
  readonly status: number | undefined
  readonly left: boolean
}

/** Sends so many requests, of which some meet faults and some leave, and expects all books to agree afterwards. */
export async function expectBooksToAgree(requests: number): Promise<void> {
  await using before = await startGatewayBefore(
    { models: [{ name: 'tiny' }], parallel: 64 },
    { config: { routing: { retry_budget: '100%', health_interval: '50ms' } } },
  )
  const key = await makeKey(before.gateway, { name: 'storm', limits: { tokens_per_day: BUDGET } })
  const random = seededRandom(requests)
  for (let i = 0; i < requests * FAULTY; i++) {
    const rule = faults[i % faults.length] ?? { kind: 'busy-503' }
    before.fake.faults.add({ ...rule, skip: Math.floor(random() * requests), times: 1 })
  }
  const seen = await sendAll(before, { key, requests, random })
  await untilBooked(before, requests)
  const fresh = await makeKey(before.gateway, { name: 'fresh', limits: { tokens_per_day: BUDGET } })
  const charged = (await tokensLeft(before, fresh, 'fresh')) - (await tokensLeft(before, key, 'last'))
  await expectAgreement(before, { seen, charged })
}

interface Sending {
  readonly key: string
  readonly requests: number
  readonly random: () => number
}

async function sendAll(before: GatewayBefore, { key, requests, random }: Sending): Promise<ReadonlyMap<string, Seen>> {
  const seen = new Map<string, Seen>()
  let next = 0
  async function client(): Promise<void> {
    for (let number = next++; number < requests; number = next++) {
      const id = `storm-${number}`
      const { path, body } = asked[number % asked.length] ?? { path: '/', body: {} }
      const leaving = random() < LEAVING
      seen.set(id, await send(before.gateway.url + path, { id, key, body, leaving }))
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return seen
}

interface Sent {
  readonly id: string
  readonly key: string
  readonly body: object
  readonly leaving: boolean
}

async function send(url: string, { id, key, body, leaving }: Sent): Promise<Seen> {
  const leave = new AbortController()
  let status: number | undefined
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'x-request-id': id },
      body: JSON.stringify(body),
      signal: leave.signal,
    })
    status = response.status
    const reader = response.body?.getReader()
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) if (leaving) leave.abort()
  } catch {
    // Broken off, by the fault or by ourselves: the row says which.
  }
  return { status, left: leave.signal.aborted }
}

/** Who has left may not have been noticed yet. */
async function untilBooked({ gateway }: GatewayBefore, rows: number): Promise<void> {
  await vi.waitFor(async () => expect(await usageOf(gateway, 'by=user')).toMatchObject([{ requests: rows }]), {
    timeout: 20_000,
    interval: 100,
  })
}

/** Of the budget of a key, less what this same question of any key may take. */
async function tokensLeft({ gateway }: GatewayBefore, key: string, id: string): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, 'x-request-id': id }
  const body = JSON.stringify({ model: 'tiny', input: 'Why?' })
  const response = await fetch(`${gateway.url}/api/embed`, { method: 'POST', headers, body })
  await response.arrayBuffer()
  const left = response.headers.get('x-ratelimit-remaining-tokens')
  if (left === null) throw new Error('the answer does not say what is left')
  return Number(left)
}

interface Outcome {
  readonly seen: ReadonlyMap<string, Seen>
  /** To the budget of the key. */
  readonly charged: number
}

async function expectAgreement({ gateway, fake, key }: GatewayBefore, { seen, charged }: Outcome): Promise<void> {
  const [sums] = await usageOf(gateway, 'by=user')
  const rows = readRows(gateway)
  const booked = new Map(rows.map((row) => [String(row['exchange']), row]))
  expect(rows).toHaveLength(seen.size + 2)
  expect(booked.size).toBe(rows.length)
  for (const [id, { status, left }] of seen) {
    const row = booked.get(id)
    // Whoever left may have been sent everything before that was noticed.
    if (!left && status !== undefined) expect([id, row?.['status']]).toEqual([id, status])
  }
  const tried = rows.reduce((sum, row) => sum + Number(row['attempts']), 0)
  const routes = [...new Set(asked.map(({ path }) => path))]
  const { requests } = fake.counters.snapshot()
  expect(tried).toBe(routes.reduce((sum, path) => sum + (requests[`POST ${path}`] ?? 0), 0))
  const tokens = tokensOf(rows)
  expect(sums).toMatchObject({ requests: rows.length })
  expect((sums?.prompt_tokens ?? 0) + (sums?.completion_tokens ?? 0)).toBe(tokens)
  expectCharged(charged, rows)
  const { families } = await scrape(gateway.url, key)
  expect(total(families, 'corral_tokens_total')).toBe(tokens)
  const endings = new Set(rows.map((row) => row['ending']))
  for (const ending of ['complete', 'client-gone', 'upstream-failed']) expect(endings).toContain(ending)
}

type Rows = ReturnType<typeof readRows>

const tokensOf = (rows: Rows): number =>
  rows.reduce((sum, row) => sum + Number(row['prompt_tokens']) + Number(row['completion_tokens']), 0)

/** All of it, unless midnight (UTC) came between: what ran at that moment may be charged to either day. */
function expectCharged(charged: number, rows: Rows): void {
  const today = Math.floor(Number(rows.at(-1)?.['at']) / DAY_MS) * DAY_MS
  const storm = rows.filter(({ exchange }) => String(exchange).startsWith('storm-'))
  const begun = storm.filter(({ at }) => Number(at) >= today)
  const over = storm.filter(({ at, total_ms: totalMs }) => Number(at) + Number(totalMs) >= today)
  expect(charged).toBeGreaterThanOrEqual(tokensOf(begun))
  expect(charged).toBeLessThanOrEqual(tokensOf(over))
}
