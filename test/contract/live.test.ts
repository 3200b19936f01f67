import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../fakes/fake-ollama/fake-ollama.ts'
import { parseResponse, type ParsedResponse } from '../system/harness/parse-response.ts'
import { rawExchange } from '../system/harness/raw-exchange.ts'
import { startGateway, type RunningGateway } from '../system/harness/start-gateway.ts'
import { contentHeaders, relayedHeaders } from './content-headers.ts'
import { maskedLines } from './masked.ts'

/** A real server in place of the fake. Nothing here changes its models. */
const REAL = process.env['CORRAL_TEST_OLLAMA']

interface LiveRequest {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly body?: object | string
  /** Lists are merged, so their bytes are Corral's. */
  readonly list?: boolean
}

/** The same answer every time, as far as a model can. */
const STEADY = { num_predict: 6, seed: 1, temperature: 0 }
const MESSAGES = [{ role: 'user', content: 'hello you' }]
const MODEL = '$MODEL'

const requests: readonly LiveRequest[] = [
  { name: 'GET /', method: 'GET', path: '/' },
  { name: 'HEAD /', method: 'HEAD', path: '/' },
  { name: 'version', method: 'GET', path: '/api/version' },
  { name: 'tags', method: 'GET', path: '/api/tags', list: true },
  { name: 'v1 models', method: 'GET', path: '/v1/models', list: true },
  { name: 'v1 model', method: 'GET', path: `/v1/models/${MODEL}` },
  { name: 'v1 model that is missing', method: 'GET', path: '/v1/models/no-such-model' },
  post('show', '/api/show', { model: MODEL }),
  post('show without a model', '/api/show', {}),
  post('generate', '/api/generate', { model: MODEL, prompt: 'hello', options: STEADY }),
  post('generate, whole', '/api/generate', { model: MODEL, prompt: 'hello', stream: false, options: STEADY }),
  post('generate, load', '/api/generate', { model: MODEL }),
  post('generate, unknown model', '/api/generate', { model: 'no-such-model', prompt: 'x' }),
  post('generate, bad JSON', '/api/generate', '{"model":'),
  post('generate, wrong type', '/api/generate', { model: 5 }),
  post('generate, bad option', '/api/generate', { model: MODEL, prompt: 'x', options: { num_predict: 'x' } }),
  post('generate, empty body', '/api/generate', ''),
  { name: 'generate, wrong method', method: 'GET', path: '/api/generate' },
  post('chat', '/api/chat', { model: MODEL, messages: MESSAGES, options: STEADY }),
  post('chat, whole', '/api/chat', { model: MODEL, messages: MESSAGES, stream: false, options: STEADY }),
  post('embeddings of an unknown model', '/api/embed', { model: 'no-such-model', input: 'a' }),
  post('v1 chat', '/v1/chat/completions', {
    model: MODEL,
    messages: MESSAGES,
    max_tokens: 6,
    seed: 1,
    temperature: 0,
    stream: true,
  }),
  post('v1 chat, whole', '/v1/chat/completions', {
    model: MODEL,
    messages: MESSAGES,
    max_tokens: 6,
    seed: 1,
    temperature: 0,
  }),
  post('v1 chat, no model', '/v1/chat/completions', { messages: MESSAGES }),
  post('v1 chat, bad JSON', '/v1/chat/completions', '{'),
  post('v1 completions', '/v1/completions', { model: MODEL, prompt: 'a', max_tokens: 4, seed: 1, temperature: 0 }),
  post('v1 responses', '/v1/responses', {
    model: MODEL,
    input: 'hello',
    max_output_tokens: 4,
    temperature: 0,
    stream: true,
  }),
  post('v1 messages', '/v1/messages', {
    model: MODEL,
    max_tokens: 4,
    messages: MESSAGES,
    temperature: 0,
    stream: true,
  }),
  post('v1 messages, whole', '/v1/messages', { model: MODEL, max_tokens: 4, messages: MESSAGES, temperature: 0 }),
  post('v1 messages, unknown model', '/v1/messages', { model: 'no-such-model', max_tokens: 4, messages: MESSAGES }),
  post('v1 messages, no max_tokens', '/v1/messages', { model: MODEL, messages: MESSAGES }),
  { name: 'unknown path', method: 'GET', path: '/api/nope' },
]

describe(`the same request, directly and through the gateway, to ${REAL === undefined ? 'the fake' : 'a real server'}`, () => {
  let fake: FakeOllama | undefined
  let gateway: RunningGateway
  let upstream: URL
  let model: string

  beforeAll(async () => {
    if (REAL === undefined) fake = await startFakeOllama()
    upstream = new URL(REAL ?? fake?.url ?? '')
    model = await firstModel(upstream)
    gateway = await startGateway({ config: { upstreams: [{ name: 'live', url: upstream.origin }] } })
  })
  afterAll(async () => {
    await gateway?.[Symbol.asyncDispose]()
    await fake?.stop()
  })

  it.for(requests)('$name', { timeout: 120_000 }, async (request) => {
    // Loads the model and fills its prompt cache: the two below start alike.
    if (REAL !== undefined) await ask(upstream, { request, model })
    const direct = await ask(upstream, { request, model })
    const relayed = await ask(new URL(gateway.url), { request, model, key: gateway.adminKey })
    expect(relayed.status).toBe(direct.status)
    if (request.list === true)
      return expect(JSON.parse(relayed.body.toString())).toEqual(JSON.parse(direct.body.toString()))
    expect(maskedLines(relayed)).toEqual(maskedLines(direct))
    expect(relayedHeaders(relayed.headers, ['content-length'])).toEqual(
      contentHeaders(direct.headers, ['content-length']),
    )
    expect([direct.complete, relayed.complete]).toEqual([true, true])
  })
})

function post(name: string, path: string, body: object | string): LiveRequest {
  return { name, method: 'POST', path, body }
}

async function firstModel(upstream: URL): Promise<string> {
  const tags = (await (await fetch(new URL('/api/tags', upstream))).json()) as {
    models: { name: string; size: number }[]
  }
  const smallest = tags.models.toSorted((a, b) => a.size - b.size)[0]
  const wanted = process.env['CORRAL_TEST_MODEL'] ?? (REAL === undefined ? 'tiny' : smallest?.name)
  if (wanted === undefined)
    throw new Error(`${upstream.origin} has no model; pull a small one, or name one in CORRAL_TEST_MODEL`)
  return wanted
}

async function ask(
  at: URL,
  what: { readonly request: LiveRequest; readonly model: string; readonly key?: string },
): Promise<ParsedResponse> {
  const { method, path, body } = what.request
  const text = (typeof body === 'object' ? JSON.stringify(body) : (body ?? '')).replaceAll(MODEL, what.model)
  const head = [
    `${method} ${path.replace(MODEL, what.model)} HTTP/1.1`,
    'Host: localhost:11434',
    'Connection: close',
    ...(what.key === undefined ? [] : [`Authorization: Bearer ${what.key}`]),
    ...(method === 'POST' ? ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(text)}`] : []),
  ]
  const options = { host: at.hostname, timeoutMs: 100_000 }
  const { received, ending } = await rawExchange(Number(at.port), `${head.join('\r\n')}\r\n\r\n${text}`, options)
  const response = parseResponse(received, { method, closed: true })
  if (response === undefined) throw new Error(`no answer from ${at.origin}: ${ending}`)
  return response
}
