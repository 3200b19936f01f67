import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startFakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FaultKind } from '../../fakes/fake-ollama/faults.ts'
import { seededRandom } from '../../fakes/seeded-random.ts'
import { makeKey } from '../harness/make-key.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

const EXCHANGES = 160
const CLIENTS = 8
const BUDGET = 1_000_000_000
const faults: readonly FaultKind[] = ['error-line', 'reset-mid-line', 'clean-end', 'busy-503', 'html-200']
const messages = [{ role: 'user', content: 'hello' }]
const asks = [
  { path: '/api/chat', body: { messages } },
  { path: '/api/chat', body: { messages, stream: false } },
  { path: '/api/generate', body: { prompt: 'hello' } },
  { path: '/v1/chat/completions', body: { messages, stream: true } },
  { path: '/v1/chat/completions', body: { messages } },
  { path: '/v1/responses', body: { input: 'hello', stream: true } },
  { path: '/v1/messages', body: { messages, max_tokens: 40, stream: true } },
  { path: '/v1/embeddings', body: { input: 'hello' } },
] as const

/** Reads as much of an answer as a client of its mood does. */
async function ask(url: string, { key, ask: { path, body }, leaves }: Asking): Promise<void> {
  const leave = new AbortController()
  const model = path === '/v1/embeddings' ? 'embedder' : 'tiny'
  try {
    const response = await fetch(url + path, {
      ...{ method: 'POST', headers: { authorization: `Bearer ${key}` }, signal: leave.signal },
      body: JSON.stringify({ model, ...body }),
    })
    if (leaves) leave.abort()
    await response.text()
  } catch {
    // Broken off, by the one side or the other.
  }
}

interface Asking {
  readonly key: string
  readonly ask: (typeof asks)[number]
  readonly leaves: boolean
}

/** What the limits hold for used: an embedding sets aside its prompt alone, and that is one token here. */
async function usedByLimits({ url }: RunningGateway, key: string): Promise<number> {
  const response = await fetch(`${url}/v1/embeddings`, {
    ...{ method: 'POST', headers: { authorization: `Bearer ${key}` } },
    body: JSON.stringify({ model: 'embedder', input: 'x' }),
  })
  await response.text()
  return BUDGET - Number(response.headers.get('x-ratelimit-remaining-tokens')) - 1
}

async function usedByLedger({ url, adminKey }: RunningGateway): Promise<{ requests: number; tokens: number }> {
  const response = await fetch(`${url}/admin/usage?by=key`, { headers: { authorization: `Bearer ${adminKey}` } })
  const rows = (await response.json()) as Row[]
  const row = rows.find(({ key }) => key === 'counted')
  return { requests: row?.requests ?? 0, tokens: (row?.prompt_tokens ?? 0) + (row?.completion_tokens ?? 0) }
}

interface Row {
  readonly key: string
  readonly requests: number
  readonly prompt_tokens: number
  readonly completion_tokens: number
}

it('limits and ledger say the same of what was used, whatever becomes of exchanges, and so does the next start', async () => {
  await using fake = await startFakeOllama({
    models: [{ name: 'tiny' }, { name: 'embedder', capabilities: ['embedding'] }],
    parallel: CLIENTS,
  })
  const folder = await mkdtemp(join(tmpdir(), 'corral-adds-up-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const options = { folder, config: { upstreams: [{ name: 'fake', url: fake.url }] } }
  const gateway = await startGateway(options)
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  const key = await makeKey(gateway, { name: 'counted', limits: { tokens_per_day: BUDGET } })
  const random = seededRandom(7)
  const pick = <T>(from: readonly T[], otherwise: T): T => from[Math.floor(random() * from.length)] ?? otherwise

  let left = EXCHANGES
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      if (random() < 0.15) fake.faults.add({ kind: pick(faults, 'clean-end'), afterChunks: 3, times: 1 })
      await ask(gateway.url, { key, ask: pick(asks, asks[0]), leaves: random() < 0.1 })
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  fake.faults.clear()
  // Whoever left is noticed a moment later.
  await expect.poll(async () => (await usedByLedger(gateway)).requests, { timeout: 10_000 }).toBe(EXCHANGES)
  const { tokens } = await usedByLedger(gateway)
  expect(tokens).toBeGreaterThan(EXCHANGES)
  expect(await usedByLimits(gateway, key)).toBe(tokens)

  const after = await usedByLedger(gateway)
  await gateway.stop()
  const again = await startGateway(options)
  onTestFinished(() => again[Symbol.asyncDispose]())
  expect(await usedByLimits(again, key)).toBe(after.tokens)
})
