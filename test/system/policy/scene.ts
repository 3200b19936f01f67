import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

export interface PolicyScene extends AsyncDisposable {
  readonly fake: FakeOllama
  readonly gateway: RunningGateway
  send(key: string, request: NamingRequest): Promise<{ status: number; code: string | null; text: string }>
  /** What has reached the fake since the last call, but for what the gateway asks on its own account. */
  reached(): string[]
}

export interface NamingRequest {
  readonly method: string
  readonly path: string
  readonly body?: string | FormData
  readonly headers?: Readonly<Record<string, string>>
}

const OWN_QUESTIONS = new Set(['/api/version', '/api/tags', '/api/ps', '/v1/models'])

/** Models `llama3`, `secret` and `stub`, of which the last runs in the cloud. */
export async function startPolicyScene(config: object = {}): Promise<PolicyScene> {
  const fake = await startFakeOllama({
    parallel: 16,
    models: [{ name: 'llama3' }, { name: 'secret' }, { name: 'stub', remoteHost: 'https://ollama.com:443' }],
  })
  const gateway = await startGateway({ config: { upstreams: [{ name: 'fake', url: fake.url }], ...config } })
  return {
    fake,
    gateway,
    async send(key, { method, path, body, headers }) {
      const response = await fetch(gateway.url + path, {
        method,
        headers: { authorization: `Bearer ${key}`, ...headers },
        ...(body === undefined ? {} : { body }),
      })
      return { status: response.status, code: response.headers.get('corral-error'), text: await response.text() }
    },
    reached() {
      const { last } = fake.counters.snapshot()
      fake.counters.reset()
      return last
        .map(({ method, target }) => `${method} ${target}`)
        .filter((name) => !OWN_QUESTIONS.has(name.split(' ')[1] ?? ''))
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await fake.stop()
    },
  }
}

const json = (fields: object): string => JSON.stringify({ stream: false, ...fields })
const messages = [{ role: 'user', content: 'hi' }]
const post = (path: string, fields: object): NamingRequest => ({ method: 'POST', path, body: json(fields) })

/** Every way in which a request can name a model. */
export const naming: readonly (readonly [string, (model: string) => NamingRequest])[] = [
  ['/api/generate', (model) => post('/api/generate', { model, prompt: 'hi' })],
  ['/api/chat', (model) => post('/api/chat', { model, messages })],
  ['/api/embed', (model) => post('/api/embed', { model, input: 'hi' })],
  ['/api/embeddings', (model) => post('/api/embeddings', { model, prompt: 'hi' })],
  ['/api/show', (model) => post('/api/show', { model })],
  ['/api/show by name', (model) => post('/api/show', { model: '', name: model })],
  ['/call_model', (model) => post('/call_model', { model, prompt: 'hi' })],
  ['/v1/chat/completions', (model) => post('/v1/chat/completions', { model, messages })],
  ['/v1/completions', (model) => post('/v1/completions', { model, prompt: 'hi' })],
  ['/v1/embeddings', (model) => post('/v1/embeddings', { model, input: 'hi' })],
  ['/v1/responses', (model) => post('/v1/responses', { model, input: 'hi' })],
  ['/v1/messages', (model) => post('/v1/messages', { model, messages, max_tokens: 9 })],
  ['/v1/messages/count_tokens', (model) => post('/v1/messages/count_tokens', { model, messages })],
  ['/v1/models/NAME', (model) => ({ method: 'GET', path: `/v1/models/${encodeURI(model)}` })],
  ['/v1/audio/transcriptions', (model) => ({ method: 'POST', path: '/v1/audio/transcriptions', body: form(model) })],
  ['/api/pull', (model) => post('/api/pull', { model })],
  ['/api/pull by name', (model) => post('/api/pull', { model: '', name: model })],
  ['/api/push', (model) => post('/api/push', { model })],
  ['/api/create', (model) => post('/api/create', { model })],
  ['/api/create from', (model) => post('/api/create', { model: 'llama3', from: model })],
  ['/api/copy source', (model) => post('/api/copy', { source: model, destination: 'llama3' })],
  ['/api/copy destination', (model) => post('/api/copy', { source: 'llama3', destination: model })],
  ['/api/delete', (model) => ({ method: 'DELETE', path: '/api/delete', body: json({ model }) })],
  ['a second field', (model) => post('/api/show', { model: 'llama3', name: model })],
]

function form(model: string): FormData {
  const data = new FormData()
  data.set('file', new Blob(['RIFF']), 'a.wav')
  data.set('model', model)
  return data
}
