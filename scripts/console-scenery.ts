import { join } from 'node:path'
import type { LedgerEntry } from '../src/ledger/ledger-entry.ts'
import { OpenGroup } from '../src/ledger/ledger-group.ts'
import { createLedgerBook } from '../src/store/ledger-book.ts'
import { openStore } from '../src/store/open-store.ts'
import { type FakeOllama, startFakeOllama } from '../test/fakes/fake-ollama/fake-ollama.ts'
import { seededRandom } from '../test/fakes/seeded-random.ts'
import { type RunningGateway, startGateway } from '../test/system/harness/start-gateway.ts'
import { readStream } from '../test/system/harness/stream-client.ts'

/** Three unequal machines, of which one is off, and people who use them. */
export interface Scenery extends AsyncDisposable {
  readonly gateway: RunningGateway
}

const GB = 1024 ** 3
const DAY_MS = 86_400_000
const DAYS = 7
const PEOPLE = ['ann', 'ben', 'ci'] as const
const MODELS = {
  small: { name: 'llama3.2:3b', sizeBytes: 2 * GB, tokensPerSecond: 90, prefillTokensPerSecond: 2400 },
  usual: { name: 'qwen3:8b', sizeBytes: 5 * GB, tokensPerSecond: 45, prefillTokensPerSecond: 1100 },
  large: { name: 'qwen3:32b', sizeBytes: 20 * GB, tokensPerSecond: 18, prefillTokensPerSecond: 400 },
  words: { name: 'nomic-embed-text:latest', sizeBytes: GB / 4 },
} as const

type Model = (typeof MODELS)[keyof typeof MODELS]

export async function openScenery(folder: string): Promise<Scenery> {
  await using stack = new AsyncDisposableStack()
  const open = async (memoryBytes: number, ...models: readonly Model[]): Promise<FakeOllama> =>
    stack.use(await startFakeOllama({ models, memoryBytes, parallel: 2, answerTokens: 240, loadFixedMs: 300 }))
  const big = await open(24 * GB, MODELS.small, MODELS.usual, MODELS.large)
  const other = await open(12 * GB, MODELS.small, MODELS.usual, MODELS.words)
  await fillLedger(folder)
  const upstreams = [
    { name: 'gpu-1', url: big.url, memory: '24GB' },
    { name: 'gpu-2', url: other.url, memory: '12GB' },
    { name: 'workshop', url: 'http://127.0.0.1:9', memory: '8GB', priority: 2 },
  ]
  const models = { aliases: { 'gpt-4o-mini': 'qwen3:8b' }, fallbacks: { 'qwen3:32b': ['qwen3:8b'] } }
  const gateway = stack.use(
    await startGateway({ folder, config: { upstreams, models, agents: { pools: [{ name: 'home' }] } } }),
  )
  const keys = await invite(gateway)
  const stopping = new AbortController()
  const working = keys.flatMap((key, at) =>
    [0, 1].map((turn) => work(gateway, { key, turn: at + turn }, stopping.signal)),
  )
  stack.defer(async () => {
    stopping.abort()
    await Promise.all(working)
  })
  const kept = stack.move()
  return { gateway, [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose]() }
}

/** Their keys. */
async function invite(gateway: RunningGateway): Promise<string[]> {
  const keys: string[] = []
  for (const name of PEOPLE) {
    const { key } = await post<{ key: { secret: string } }>(gateway, '/admin/users', {
      name,
      limits: name === 'ci' ? { tokens_per_day: 2_000_000, concurrent: 4 } : { requests_per_minute: 120 },
    })
    keys.push(key.secret)
  }
  const narrow = { name: 'phone', user: 'ann', models: ['qwen3*'], expires_in_seconds: 30 * 86_400 }
  await post(gateway, '/admin/keys', narrow)
  return keys
}

async function post<T>(gateway: RunningGateway, path: string, body: object): Promise<T> {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`POST ${path}: ${await response.text()}`)
  return (await response.json()) as T // what openapi.json says it is
}

const ASKED = ['qwen3:8b', 'llama3.2:3b', 'qwen3:8b', 'gpt-4o-mini', 'llama3.2:3b', 'qwen3:32b', 'gemma3:27b'] as const

/** Asks, reads to the end, asks for something else. */
async function work(gateway: RunningGateway, { key, turn }: { key: string; turn: number }, signal: AbortSignal) {
  for (let round = turn; !signal.aborted; round++) {
    const body = { model: ASKED[round % ASKED.length], messages: [{ role: 'user', content: 'Why is the sky blue?' }] }
    const headers = { authorization: `Bearer ${key}` }
    await readStream(`${gateway.url}/api/chat`, { headers, body, signal }).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** What was used in the days before. */
async function fillLedger(folder: string): Promise<void> {
  const path = join(folder, 'corral.db')
  const store = await openStore(`sqlite:${path}`)
  const owner = { instance: 'before', pid: process.pid, host: 'here' }
  const book = createLedgerBook({ path, owner, retentionMs: 90 * DAY_MS, rollupAfterMs: 90 * DAY_MS })
  const random = seededRandom(8)
  for (let day = 1; day < DAYS; day++) {
    const group = new OpenGroup(200, () => null)
    const rows = 60 + Math.floor(140 * random())
    for (let row = 0; row < rows; row++) group.add(entryOf(Date.now() - day * DAY_MS + row, random), 0)
    const answer = book.write(group.group({ number: day, lost: 0 }))
    if (answer.kind === 'failed') throw new Error(answer.problem)
  }
  book.close()
  await store.close()
}

function entryOf(time: number, random: () => number): LedgerEntry {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T // lists are not empty
  const user = pick([...PEOPLE, 'ann', 'ann'])
  const model = pick(['qwen3:8b', 'qwen3:8b', 'llama3.2:3b', 'qwen3:32b'])
  return {
    ...{ id: `req_${time}`, time, user, userId: null, keyId: `key_${user}`, keyName: user, route: '/api/chat' },
    ...{ kind: 'generate', dialect: 'ollama', modelAsked: model, model, attempts: 1, status: 200 },
    ...{ upstream: model === 'qwen3:32b' ? 'gpu-1' : pick(['gpu-1', 'gpu-1', 'gpu-2']), ending: 'complete' },
    ...{ error: null, cache: null, bytesIn: 900, bytesOut: 12_000, cachedTokens: null, loadMs: null },
    promptTokens: 200 + Math.floor(1800 * random()),
    completionTokens: 60 + Math.floor(500 * random()),
    queueMs: 40 * random(),
    ttftMs: 150 + 600 * random(),
    totalMs: 4000 + 9000 * random(),
  }
}
