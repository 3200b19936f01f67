import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { readStream, type StreamResult } from '../harness/stream-client.ts'

/** The first comment comes with the first sweep after ten seconds. */
const COMMENTED_MS = 13_000
const PATIENCE_MS = 60_000

const messages = [{ role: 'user' as const, content: 'Why is the sky blue?' }]

/** A gateway before one Ollama whose only slot is taken until `freeSlot`. */
interface Scene extends AsyncDisposable {
  readonly fake: FakeOllama
  readonly gateway: RunningGateway
  post(path: string, body: object, heard?: Heard): Promise<StreamResult>
  freeSlot(): void
}

/** What a client has of its answer, and a way for it to leave. */
interface Heard {
  text: string
  readonly leaving: AbortController
}

const listen = (): Heard => ({ text: '', leaving: new AbortController() })

async function startScene(queue: object): Promise<Scene> {
  const fake = await startFakeOllama({ models: [{ name: 'tiny' }], tokensPerSecond: 100 })
  const upstreams = [{ name: 'only', url: fake.url, slots: 1 }]
  const gateway = await startGateway({ config: { upstreams, queue } })
  const post: Scene['post'] = (path, body, heard = listen()) =>
    readStream(gateway.url + path, {
      headers: { authorization: `Bearer ${gateway.adminKey}` },
      body: { model: 'tiny', ...body },
      signal: heard.leaving.signal,
      onChunk: ({ text }) => (heard.text += text),
    })
  const first = listen()
  const blocking = post('/api/generate', { prompt: 'x', options: { num_predict: 1_000_000 } }, first)
  blocking.catch(() => undefined)
  await vi.waitFor(() => expect(first.text).not.toBe(''), PATIENCE_MS)
  return {
    fake,
    gateway,
    post,
    freeSlot: () => first.leaving.abort(),
    async [Symbol.asyncDispose]() {
      first.leaving.abort()
      await gateway[Symbol.asyncDispose]()
      await fake.stop()
    },
  }
}

const chat = { messages, stream: true, max_tokens: 5 }

describe('requests that wait longer than ten seconds in the queue', () => {
  let scene: Scene
  const streamed = listen()
  const refused = listen()
  const left = listen()
  const native = listen()
  const whole = listen()
  let answers: Promise<StreamResult[]>
  let sdks: Promise<string[]>

  beforeAll(async () => {
    scene = await startScene({})
    scene.fake.faults.add({ kind: 'busy-503', route: '/v1/completions' })
    const { gateway, post } = scene
    answers = Promise.all([
      post('/v1/chat/completions', chat, streamed),
      post('/v1/completions', { prompt: 'Why?', stream: true }, refused),
      post('/api/chat', { messages }, native),
      post('/v1/chat/completions', { ...chat, stream: false }, whole),
    ])
    sdks = Promise.all([askOpenai(gateway), askResponses(gateway), askAnthropic(gateway)])
    const leaving = post('/v1/chat/completions', chat, left).catch((error: Error) => error.message)
    await vi.waitFor(() => expect([streamed.text, refused.text, left.text]).not.toContain(''), COMMENTED_MS)
    left.leaving.abort()
    await leaving
  }, PATIENCE_MS)
  afterAll(() => scene[Symbol.asyncDispose]())

  it('hear where they stand where they are streams of /v1, and nothing otherwise', () => {
    for (const { text } of [streamed, refused, left]) expect(text).toMatch(/^: queued \d+(?:, about \d+ s)?\n\n$/)
    expect([native.text, whole.text]).toEqual(['', ''])
    expect(scene.fake.counters.requestsTo('/v1/chat/completions')).toEqual([])
  })

  it('get the answer as the upstream gives it, whichever client reads it, and errors as events', async () => {
    scene.freeSlot()
    const [stream, error, ndjson, json] = await answers
    expect(stream).toMatchObject({ status: 200, ending: 'complete' })
    expect(stream?.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
    expect(stream?.headers['corral-upstream']).toBeUndefined()
    const [before = '', after = ''] = stream?.text.split(': corral-upstream: only\n') ?? []
    expect(before).toMatch(/^(?:: queued [^\n]*\n\n)+(?:: waiting for the model\n\n)*$/)
    expect(after).toMatch(
      /^: corral-model: tiny:latest\n: corral-attempts: 1\n\ndata: \{"id"[^]*\n\ndata: \[DONE\]\n\n$/,
    )

    expect(error).toMatchObject({ status: 200, ending: 'complete' })
    expect(error?.events.at(-1)?.text).toMatch(/^data: \{"error":\{"message":"server busy, please try again/)

    expect(ndjson?.headers).toMatchObject({ 'corral-upstream': 'only', 'corral-attempts': '1' })
    expect(ndjson?.text).not.toContain(': ')
    expect(JSON.parse(json?.text ?? '')).toHaveProperty('choices')
    expect(json?.headers).toMatchObject({ 'corral-upstream': 'only', 'corral-model': 'tiny:latest' })

    for (const text of await sdks) expect(text).not.toBe('')
  })

  it('are not sent on once their client has left', async () => {
    await answers
    await sdks
    // The three that were answered, one of them for the SDK; a fourth had left.
    const asked = scene.fake.counters.requestsTo('/v1/chat/completions')
    expect(asked).toHaveLength(3)
  })
})

describe('a request that waits longer than queue.max_wait', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await startScene({ max_wait: '11s' })
  }, PATIENCE_MS)
  afterAll(() => scene[Symbol.asyncDispose]())

  it(
    'hears so inside its stream, or as a 503 where it has heard nothing',
    async () => {
      const [stream, whole] = await Promise.all([
        scene.post('/v1/chat/completions', chat),
        scene.post('/v1/chat/completions', { ...chat, stream: false }),
      ])
      expect(stream).toMatchObject({ status: 200, ending: 'complete', rest: '' })
      expect(stream.events[0]?.text).toMatch(/^: queued /)
      expect(stream.events.at(-1)?.text).toMatch(
        /^data: \{"error":\{"message":"[^"]*","type":"api_error","param":null,"code":"queue_timeout"\}\}/,
      )
      expect(whole).toMatchObject({ status: 503, headers: { 'corral-error': 'queue_timeout' } })
      expect(Number(whole.headers['retry-after'])).toBeGreaterThanOrEqual(1)
      expect(whole.headers['corral-attempts']).toBeUndefined()
    },
    PATIENCE_MS,
  )
})

async function askOpenai({ url, adminKey }: RunningGateway): Promise<string> {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: adminKey, maxRetries: 0 })
  let text = ''
  for await (const chunk of await client.chat.completions.create({ model: 'tiny', messages, stream: true }))
    text += chunk.choices[0]?.delta.content ?? ''
  return text
}

async function askResponses({ url, adminKey }: RunningGateway): Promise<string> {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: adminKey, maxRetries: 0 })
  const { output_text } = await client.responses.stream({ model: 'tiny', input: 'Why?' }).finalResponse()
  return output_text
}

async function askAnthropic({ url, adminKey }: RunningGateway): Promise<string> {
  const client = new Anthropic({ baseURL: url, apiKey: adminKey, maxRetries: 0 })
  const { content } = await client.messages.stream({ model: 'tiny', max_tokens: 9, messages }).finalMessage()
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('')
}
