import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeKey } from '../harness/make-key.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { readStream } from '../harness/stream-client.ts'

interface Line {
  readonly id: string
  readonly time: string
  readonly user: string | null
  readonly keyId: string | null
  readonly method: string
  readonly path: string
  readonly model: string | null
  readonly upstream: string | null
  readonly status: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly queueMs: number
  readonly ttftMs: number | null
  readonly totalMs: number
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  readonly ending: string
  readonly error: string | null
}

const PROMPT = 'a prompt that nobody may ever read again'
const messages = [{ role: 'user', content: PROMPT }]
let before: GatewayBefore
let key: string
let asked = 0

beforeAll(async () => {
  before = await startGatewayBefore({ models: [{ name: 'Tiny' }] })
  key = await makeKey(before.gateway)
})
beforeEach(() => before.fake.faults.clear())
afterAll(() => before[Symbol.asyncDispose]())

interface Asked {
  readonly line: Line
  readonly sent: number
  readonly received: number
  readonly text: string
}

/** Asks, and waits for the one line about it. */
async function ask(
  path: string,
  body?: object | string,
  options: { key?: string; method?: string; headers?: Record<string, string> } = {},
): Promise<Asked> {
  const id = `asked-${(asked += 1)}`
  const bytes = typeof body === 'object' ? JSON.stringify(body) : body
  const authorization = options.key === '' ? {} : { authorization: `Bearer ${options.key ?? key}` }
  const response = await fetch(before.gateway.url + path, {
    method: options.method ?? (bytes === undefined ? 'GET' : 'POST'),
    headers: { 'x-request-id': id, ...authorization, ...options.headers },
    ...(bytes === undefined ? {} : { body: bytes }),
  })
  const received = await response.arrayBuffer()
  const text = new TextDecoder().decode(received)
  return { line: await lineOf(id), sent: Buffer.byteLength(bytes ?? ''), received: received.byteLength, text }
}

async function readLines(): Promise<Line[]> {
  const folder = join(before.gateway.folder, 'logs')
  const names = await readdir(folder).catch(() => [])
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))
  return texts
    .join('')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line)
}

function lineOf(id: string): Promise<Line> {
  return vi.waitFor(
    async () => {
      const found = (await readLines()).filter((line) => line.id === id)
      expect(found).toHaveLength(1)
      return found[0] as Line
    },
    { timeout: 5000, interval: 20 },
  )
}

/** Counts that the upstream itself told, in any dialect. */
function toldTokens(text: string): [number, number] {
  const last = (names: string): number =>
    Number([...text.matchAll(new RegExp(`"(?:${names})":(\\d+)`, 'g'))].at(-1)?.[1])
  return [last('prompt_eval_count|prompt_tokens|input_tokens'), last('eval_count|completion_tokens|output_tokens')]
}

describe('one line for each exchange', () => {
  const counted: readonly (readonly [string, string, object])[] = [
    ['a native stream', '/api/chat', { model: 'tiny', messages }],
    ['a whole native answer', '/api/generate', { model: 'tiny', prompt: PROMPT, stream: false }],
    ['a chat completion', '/v1/chat/completions', { model: 'tiny', messages }],
    [
      'a stream with usage',
      '/v1/chat/completions',
      { model: 'tiny', messages, stream: true, stream_options: { include_usage: true } },
    ],
    [
      'a completion with usage',
      '/v1/completions',
      { model: 'tiny', prompt: PROMPT, stream: true, stream_options: { include_usage: true } },
    ],
    ['a response', '/v1/responses', { model: 'tiny', input: PROMPT, stream: true }],
    ['a message', '/v1/messages', { model: 'tiny', messages, max_tokens: 50, stream: true }],
  ]

  it.each(counted)('says who, what, how much and how it ended: %s', async (_name, path, body) => {
    const { line, sent, received, text } = await ask(path, body)
    const [promptTokens, completionTokens] = toldTokens(text)
    expect(promptTokens).toBeGreaterThan(0)
    expect(line).toMatchObject({
      user: 'admin',
      method: 'POST',
      path,
      model: 'tiny:latest',
      upstream: 'fake',
      status: 200,
      bytesIn: sent,
      bytesOut: received,
      promptTokens,
      completionTokens,
      ending: 'complete',
      error: null,
    })
    expect(line.keyId).toMatch(/^\w+/)
    expect(Math.abs(Date.parse(line.time) - Date.now())).toBeLessThan(60_000)
    expect([line.queueMs <= (line.ttftMs ?? -1), (line.ttftMs ?? Infinity) <= line.totalMs]).toEqual([true, true])
  })

  it.each(['/v1/chat/completions', '/v1/completions'])(
    'has the counts of a stream that shows none: %s',
    async (path) => {
      const body = { model: 'tiny', messages, prompt: PROMPT, stream: true }
      const asking = await ask(path, { ...body, stream_options: { include_usage: true } })
      const { line, text } = await ask(path, body)
      expect([line.promptTokens, line.completionTokens, line.ending]).toEqual([...toldTokens(asking.text), 'complete'])
      expect(text).not.toContain('usage')
    },
  )

  it('invents no counts where the upstream told none', async () => {
    const old = await ask('/api/embeddings', { model: 'tiny', prompt: PROMPT })
    expect([old.line.promptTokens, old.line.completionTokens, old.line.ending]).toEqual([null, null, 'complete'])
    const embedded = await ask('/api/embed', { model: 'tiny', input: PROMPT })
    expect([embedded.line.promptTokens, embedded.line.completionTokens]).toEqual([toldTokens(embedded.text)[0], null])
  })

  const refusals: readonly (readonly [string, number, string, () => Promise<Asked>])[] = [
    ['no key', 401, 'no_credential', () => ask('/api/chat', { model: 'tiny' }, { key: '' })],
    ['a wrong key', 401, 'wrong_credential', () => ask('/v1/messages', {}, { key: 'crl_wrong' })],
    ['no scope', 403, 'missing_scope', () => ask('/api/pull', { model: 'x' })],
    ['a cloud model', 403, 'cloud_denied', () => ask('/api/chat', { model: 'x:cloud', messages })],
    ['two models', 400, 'ambiguous_field', () => ask('/api/chat', '{"model":"a","model":"b"}')],
    ['no route', 404, 'route_not_found', () => ask('/nothing')],
    ['no method', 405, 'method_not_allowed', () => ask('/api/tags', {}, {})],
    [
      'a coding',
      415,
      'unsupported_content_encoding',
      () => ask('/api/chat', 'x', { headers: { 'content-encoding': 'br' } }),
    ],
  ]

  it.each(refusals)('says why nobody was asked: %s', async (_name, status, error, act) => {
    const { line, received } = await act()
    expect(line).toMatchObject({ status, error, ending: 'refused', upstream: null, bytesOut: received })
    expect(line.totalMs).toBeGreaterThanOrEqual(0)
  })

  it('is there for what Corral answers itself, a HEAD and a key in the path too', async () => {
    const tags = await ask('/api/tags')
    expect(tags.line).toMatchObject({
      status: 200,
      ending: 'complete',
      bytesOut: tags.received,
      user: 'admin',
      upstream: null,
    })
    expect((await ask('/', undefined, { method: 'HEAD' })).line).toMatchObject({
      method: 'HEAD',
      status: 200,
      bytesOut: 0,
      user: null,
    })
    expect((await ask(`/k/${key}/api/tags?a=b`, undefined, { key: '' })).line).toMatchObject({
      path: '/k/[redacted]/api/tags',
      status: 200,
    })
  })

  it('tells what the upstream answered from what broke', async () => {
    expect((await ask('/api/chat', { model: 'nobody', messages })).line).toMatchObject({
      status: 404,
      ending: 'complete',
      error: null,
      upstream: 'fake',
    })
    before.fake.faults.add({ kind: 'reset-mid-line', afterChunks: 2, times: 1 })
    const cut = await ask('/api/chat', { model: 'tiny', messages })
    expect(cut.line).toMatchObject({
      status: 200,
      ending: 'upstream-failed',
      error: 'upstream_reset',
      bytesOut: cut.received,
    })
    before.fake.faults.add({ kind: 'html-200', times: 1 })
    const page = await ask('/api/chat', { model: 'tiny', messages })
    expect(page.line).toMatchObject({
      status: 502,
      ending: 'upstream-failed',
      error: 'upstream_bad_response',
      bytesOut: page.received,
    })
    before.fake.faults.add({ kind: 'error-line', afterChunks: 2, times: 1 })
    const told = await ask('/api/chat', { model: 'tiny', messages })
    expect(told.line).toMatchObject({ status: 200, ending: 'upstream-failed', error: null, bytesOut: told.received })
  })

  it('says that the client left, and what it had got', async () => {
    before.fake.faults.add({ kind: 'stall-mid-stream', afterChunks: 2, times: 1 })
    const leaving = new AbortController()
    const headers = { authorization: `Bearer ${key}`, 'x-request-id': 'leaving' }
    const stream = readStream(`${before.gateway.url}/api/chat`, {
      headers,
      body: { model: 'tiny', messages },
      signal: leaving.signal,
      onChunk: () => setTimeout(() => leaving.abort(), 20),
    })
    await stream.catch(() => undefined)
    expect(await lineOf('leaving')).toMatchObject({
      status: 499,
      ending: 'client-gone',
      error: null,
      upstream: 'fake',
      bytesOut: expect.any(Number),
    })
  })

  it('counts an upload', async () => {
    const admin = { key: before.key, method: 'POST' }
    const { line, sent } = await ask(`/api/blobs/sha256:${'0'.repeat(64)}`, 'x'.repeat(100_000), admin)
    expect(line).toMatchObject({
      path: `/api/blobs/sha256:${'0'.repeat(64)}`,
      status: 400,
      bytesIn: sent,
      model: null,
      ending: 'complete',
    })
  })
})

describe('the request log', () => {
  it('is one file a day for its owner alone, with no key and no prompt in it', async () => {
    const folder = join(before.gateway.folder, 'logs')
    const names = await readdir(folder)
    const days = [0, 1].map(
      (ago) => `requests-${new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10)}.jsonl`,
    )
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !days.includes(name))).toEqual([])
    for (const name of names) {
      expect((await stat(join(folder, name))).mode & 0o077).toBe(0)
      const text = await readFile(join(folder, name), 'utf8')
      expect(text).not.toMatch(/crl_|nobody may ever read/)
      expect(text).not.toContain(key)
    }
    const lines = await readLines()
    expect(new Set(lines.map((line) => line.id)).size).toBe(lines.length)
  })

  it('is complete when the gateway has stopped', async () => {
    await using short = await startGateway()
    for (let i = 0; i < 20; i += 1) await fetch(`${short.url}/livez`)
    expect(await short.stop()).toBe(0)
    const [name = ''] = await readdir(join(short.folder, 'logs'))
    expect((await readFile(join(short.folder, 'logs', name), 'utf8')).trimEnd().split('\n')).toHaveLength(20)
  })

  it('can be elsewhere, or not at all', async () => {
    await using off = await startGateway({ config: { log: { requests: 'off' } } })
    await fetch(`${off.url}/livez`)
    await off.stop()
    expect(await readdir(off.folder)).not.toContain('logs')
  })
})
