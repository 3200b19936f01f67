import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openRaw } from '../../faults/raw-connection.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
import { rawRequest } from '../harness/raw-request.ts'
import { loggedExchange } from '../harness/request-log.ts'
import { readStream, type StreamRequest, type StreamResult } from '../harness/stream-client.ts'

let before: GatewayBefore
let key: string
beforeAll(async () => {
  before = await startGatewayBefore(
    { models: [{ name: 'tiny' }, { name: 'embedder', capabilities: ['embedding'] }], tokensPerSecond: 500 },
    { config: { cache: { mode: 'deterministic' } } },
  )
  key = await makeKey(before.gateway)
})
beforeEach(() => before.fake.faults.clear())
afterAll(() => before[Symbol.asyncDispose]())

let seeds = 0
/** That of nobody before. */
const newSeed = (): number => (seeds += 1)
const messages = [{ role: 'user', content: 'hello' }]

function ask(path: string, body: unknown, options: StreamRequest & { key?: string } = {}): Promise<StreamResult> {
  const headers = { authorization: `Bearer ${options.key ?? key}`, ...options.headers }
  return readStream(before.gateway.url + path, { ...options, body, headers })
}

function chat(seed: number, options: StreamRequest & { key?: string } = {}): Promise<StreamResult> {
  return ask('/api/chat', { model: 'tiny', messages, options: { seed } }, options)
}

const cached = ({ headers }: StreamResult): unknown => headers['corral-cache']
/** Generations that the upstream was asked for. */
function asked(path = '/api/chat'): number {
  return before.fake.counters.snapshot().requests[`POST ${path}`] ?? 0
}

describe('what was asked before', () => {
  const bodies: readonly (readonly [path: string, body: (seed: number) => unknown])[] = [
    ['/api/chat', (seed) => ({ model: 'tiny', messages, options: { seed } })],
    ['/api/chat', (seed) => ({ model: 'tiny', messages, stream: false, options: { seed } })],
    ['/api/generate', (seed) => ({ model: 'tiny', prompt: 'hello', options: { seed } })],
    ['/call_model', (seed) => ({ model: 'tiny', prompt: 'hello there', options: { seed } })],
    ['/api/embed', (seed) => ({ model: 'embedder', input: [`text ${seed}`] })],
    ['/v1/chat/completions', (seed) => ({ model: 'tiny', messages, seed, stream: true })],
    ['/v1/chat/completions', (seed) => ({ model: 'tiny', messages, seed })],
    ['/v1/completions', (seed) => ({ model: 'tiny', prompt: 'hello', seed, stream: true })],
    ['/v1/embeddings', (seed) => ({ model: 'embedder', input: `text ${seed}` })],
    ['/v1/responses', (seed) => ({ model: 'tiny', input: `hello ${seed}`, temperature: 0, stream: true })],
    [
      '/v1/messages',
      (seed) => ({
        model: 'tiny',
        max_tokens: 9,
        messages: [{ role: 'user', content: `hello ${seed}` }],
        temperature: 0,
        stream: true,
      }),
    ],
  ]
  it.each(bodies)('is answered with the same bytes, and no upstream is asked: %s', async (path, bodyOf) => {
    const upstreamPath = path === '/call_model' ? '/api/generate' : path
    const body = bodyOf(newSeed())
    const since = asked(upstreamPath)
    const first = await ask(path, body)
    const second = await ask(path, body)
    expect([first.status, cached(first), cached(second)]).toEqual([200, 'miss', 'hit'])
    expect([second.status, second.text, second.ending]).toEqual([200, first.text, 'complete'])
    expect(second.headers['content-type']).toBe(first.headers['content-type'])
    expect(second.headers['transfer-encoding']).toBe(first.headers['transfer-encoding'])
    expect(asked(upstreamPath) - since).toBe(1)
  })

  it('is told who gave it once, and counts as a request without tokens', async () => {
    const seed = newSeed()
    await chat(seed)
    const hit = await chat(seed, { headers: { 'x-request-id': `hit-${seed}` } })
    expect(hit.headers).toMatchObject({ 'corral-upstream': 'fake', 'corral-attempts': '0' })
    expect(await loggedExchange(before.gateway.folder, `hit-${seed}`)).toMatchObject({
      status: 200,
      upstream: null,
      attempts: 0,
      promptTokens: null,
      completionTokens: null,
      ending: 'complete',
    })
  })

  it('costs nobody tokens in the ledger', async () => {
    const { gateway } = before
    await gateway.cli('user', 'create', 'counted')
    const own = await gateway.createKey({ user: 'counted' })
    const body = { model: 'tiny', prompt: 'count me', stream: false, options: { seed: newSeed() } }
    const answers = [await ask('/api/generate', body, { key: own }), await ask('/api/generate', body, { key: own })]
    expect(answers.map(cached)).toEqual(['miss', 'hit'])
    const { prompt_eval_count, eval_count } = JSON.parse(answers[0]?.text ?? '') as Record<string, number>
    await vi.waitFor(
      async () => {
        const { stdout } = await gateway.cli('usage', '--by', 'user', '--json')
        const rows = JSON.parse(stdout) as { user: string }[]
        expect(rows.find(({ user }) => user === 'counted')).toMatchObject({
          requests: 2,
          prompt_tokens: prompt_eval_count,
          completion_tokens: eval_count,
        })
      },
      { timeout: 20_000, interval: 200 },
    )
  })

  it('hides the counts of a stream from whoever did not ask for them', async () => {
    const body = { model: 'tiny', messages, seed: newSeed(), stream: true }
    const plain = await ask('/v1/chat/completions', body)
    const counted = await ask('/v1/chat/completions', { ...body, stream_options: { include_usage: true } })
    expect([cached(plain), cached(counted)]).toEqual(['miss', 'hit'])
    expect([plain, counted].map(({ text }) => text.includes('"total_tokens"'))).toEqual([false, true])
  })

  it('is asked for anew where the client says so, and told of nobody where it wants that', async () => {
    const seed = newSeed()
    const control = (value: string): StreamRequest => ({ headers: { 'cache-control': value } })
    const outcomes = []
    for (const value of ['no-store', 'no-cache', 'max-age=60', 'no-store', 'no-cache, max-age=0', '']) {
      outcomes.push(cached(await chat(seed, control(value))))
    }
    expect(outcomes).toEqual(['bypass', 'miss', 'hit', 'bypass', 'miss', 'hit'])
  })

  it('is not known where chance decides, and no header speaks of a cache where none could help', async () => {
    const body = { model: 'tiny', messages }
    expect([cached(await ask('/api/chat', body)), cached(await ask('/api/chat', body))]).toEqual(['bypass', 'bypass'])
    const show = await ask('/api/show', { model: 'tiny' })
    expect([show.status, cached(show)]).toEqual([200, undefined])
  })

  it('is not known where it was answered with an error, or only half', async () => {
    const seed = newSeed()
    before.fake.faults.add({ kind: 'clean-end', afterChunks: 2, times: 1 })
    const cut = await chat(seed)
    expect([cached(cut), cut.text.includes('"error"')]).toEqual(['miss', true])
    const wrong = { model: 'tiny', messages: 'none', options: { seed } }
    for (let i = 0; i < 2; i += 1) {
      const refused = await ask('/api/chat', wrong)
      expect([refused.status, cached(refused)]).toEqual([400, 'miss'])
    }
    expect([cached(await chat(seed)), cached(await chat(seed))]).toEqual(['miss', 'hit'])
  })
})

describe('who may have it', () => {
  it('are the keys of one user, and nobody else', async () => {
    const seed = newSeed()
    const { gateway } = before
    const another = await makeKey(gateway)
    await gateway.cli('user', 'create', 'stranger')
    const stranger = await gateway.createKey({ user: 'stranger' })
    const outcomes = []
    for (const each of [key, another, stranger, stranger]) outcomes.push(cached(await chat(seed, { key: each })))
    expect(outcomes).toEqual(['miss', 'hit', 'miss', 'hit'])
  })

  it('are keys that may use the model and reach the upstream', async () => {
    const seed = newSeed()
    await chat(seed)
    const denied = await chat(seed, { key: await makeKey(before.gateway, { models: ['other*'] }) })
    expect([denied.status, cached(denied)]).toEqual([403, undefined])
    const elsewhere = await chat(seed, { key: await makeKey(before.gateway, { upstreams: ['other'] }) })
    expect(elsewhere.status).toBeGreaterThanOrEqual(400)
    expect(cached(await chat(seed, { key: await makeKey(before.gateway, { upstreams: ['fake'] }) }))).toBe('miss')
  })
})

describe('those who ask at once', () => {
  /** Three seconds: nobody comes too late for it. */
  const slow = (seed: number): unknown => ({ model: 'tiny', messages, options: { seed, num_predict: 1500 } })

  it('share one answer, and it is one request to the upstream', async () => {
    const seed = newSeed()
    const since = asked()
    const all = await Promise.all(Array.from({ length: 20 }, () => ask('/api/chat', slow(seed))))
    expect(asked() - since).toBe(1)
    expect(new Set(all.map(({ text }) => text)).size).toBe(1)
    const outcomes = all.map(cached)
    expect(outcomes.filter((each) => each === 'miss')).toHaveLength(1)
    expect(outcomes.filter((each) => each === 'coalesced')).toHaveLength(19)
  })

  it('go on when the first one leaves, and the upstream hears of nothing', async () => {
    const seed = newSeed()
    const { aborted } = before.fake.counters.snapshot()
    const leave = new AbortController()
    const begun = Promise.withResolvers<void>()
    const first = ask('/api/chat', slow(seed), { signal: leave.signal, onChunk: () => begun.resolve() })
    const gone = first.catch(() => 'left')
    await begun.promise
    const second = ask('/api/chat', slow(seed), { onChunk: () => leave.abort() })
    const heard = await second
    expect([cached(heard), heard.ending]).toEqual(['coalesced', 'complete'])
    expect(heard.text.match(/"done":true/g)).toHaveLength(1)
    await gone
    expect(before.fake.counters.snapshot().aborted).toBe(aborted)
    expect(cached(await ask('/api/chat', slow(seed)))).toBe('hit')
  })

  it('do not wait for one that does not read, be it the first', async () => {
    const seed = newSeed()
    const since = asked()
    const { gateway, fake } = before
    fake.faults.add({ kind: 'flood', bytes: 24 * 2 ** 20, lineBytes: 4096, times: 1 })
    using stalled = await openRaw(gateway.url)
    stalled.write(rawRequest('/api/chat', { key, id: `stalled-${seed}`, body: slow(seed) }))
    await stalled.until(/"done":false/)
    stalled.socket.pause()
    const quick = await ask('/api/chat', slow(seed))
    expect([cached(quick), quick.ending]).toEqual(['coalesced', 'complete'])
    expect(quick.text.length).toBeGreaterThan(24 * 2 ** 20)
    const again = await ask('/api/chat', slow(seed))
    expect([cached(again), again.text === quick.text]).toEqual(['hit', true])
    expect(asked() - since).toBe(1)
  })

  it('let the upstream go when the last one leaves', async () => {
    const seed = newSeed()
    const { aborted } = before.fake.counters.snapshot()
    const clients = Array.from({ length: 3 }, () => {
      const leave = new AbortController()
      const begun = Promise.withResolvers<void>()
      const body = { model: 'tiny', messages, options: { seed, num_predict: 5000 } }
      const gone = ask('/api/chat', body, { signal: leave.signal, onChunk: () => begun.resolve() }).catch(() => 'left')
      return { leave, begun: begun.promise, gone }
    })
    await Promise.all(clients.map(({ begun }) => begun))
    for (const { leave } of clients) leave.abort()
    await Promise.all(clients.map(({ gone }) => gone))
    await before.fake.counters.until((counters) => counters.aborted === aborted + 1)
  })

  it('are told when it breaks off, each of them', async () => {
    const seed = newSeed()
    before.fake.faults.add({ kind: 'reset-mid-line', afterChunks: 1000, times: 1 })
    const all = await Promise.all(Array.from({ length: 5 }, () => ask('/api/chat', slow(seed))))
    for (const each of all) expect([each.ending, each.text.includes('"error"')]).toEqual(['complete', true])
    expect(cached(await ask('/api/chat', slow(seed)))).toBe('miss')
  })

  it('get an answer all the same where it fails before its first byte', async () => {
    const seed = newSeed()
    before.fake.faults.add({ kind: 'stall-before-first-byte', times: 1, forMs: 200 })
    const all = await Promise.all(Array.from({ length: 5 }, () => chat(seed)))
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  })
})

it('forgets a model that was pulled again', async () => {
  const seed = newSeed()
  const outcomes = [cached(await chat(seed)), cached(await chat(seed))]
  before.fake.models.install({ name: 'tiny' }, { digest: 'f'.repeat(64) })
  await ask('/api/copy', { source: 'tiny', destination: 'copied' }, { key: before.key })
  await vi.waitFor(async () => expect(cached(await chat(seed))).toBe('miss'), { timeout: 5000, interval: 50 })
  expect([...outcomes, cached(await chat(seed))]).toEqual(['miss', 'hit', 'hit'])
})

describe('a config that is taken over', () => {
  it('keeps what is kept, and lets go of all of it where the cache is switched off', async () => {
    const { gateway } = before
    const seed = newSeed()
    await chat(seed)
    const reload = async (cache: object, satisfied: (outcome: unknown) => boolean): Promise<void> => {
      const config = JSON.parse(await readFile(gateway.configFile, 'utf8')) as object
      await writeFile(gateway.configFile, JSON.stringify({ ...config, cache }))
      process.kill(gateway.pid, 'SIGHUP')
      await vi.waitFor(async () => expect(satisfied(cached(await chat(newSeed())))).toBe(true), { timeout: 5000 })
    }
    // `all` shows itself by an answer without a seed.
    await reload({ mode: 'deterministic', ttl: '2h' }, (outcome) => outcome === 'miss')
    expect(cached(await chat(seed))).toBe('hit')
    await reload({ mode: 'off' }, (outcome) => outcome === undefined)
    expect(cached(await chat(seed))).toBeUndefined()
    await reload({ mode: 'deterministic' }, (outcome) => outcome === 'miss')
    expect(cached(await chat(seed))).toBe('miss')
  })
})
