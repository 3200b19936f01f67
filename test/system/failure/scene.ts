import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { readStream, type StreamResult } from '../harness/stream-client.ts'
import { untilTrusted } from '../harness/until-trusted.ts'

/** Two servers: `a` is always asked first, `b` can stand in. `tiny` is on both, `solo` on `a` alone, `duo` on `b`. */
export interface Scene extends AsyncDisposable {
  readonly a: FakeOllama
  readonly b: FakeOllama
  readonly gateway: RunningGateway
  ask(route: AskedRoute, model?: string): Promise<StreamResult>
  /** What a client of that route hears of an answer that came to its end. */
  post(path: string, body: unknown, method?: string): Promise<StreamResult>
  /** Everything in order again: no faults, both up, nothing counted. */
  reset(): Promise<void>
}

export interface AskedRoute {
  readonly name: string
  readonly path: string
  readonly dialect: 'ollama' | 'openai' | 'responses' | 'anthropic'
  readonly streams: boolean
  body(model: string): object
}

const messages = [{ role: 'user', content: 'Why is the sky blue?' }]

export const routes: readonly AskedRoute[] = [
  route('a native stream', '/api/chat', 'ollama', (model) => ({ model, messages })),
  route('a native generation', '/api/generate', 'ollama', (model) => ({ model, prompt: 'Why?' })),
  route('a chat completion', '/v1/chat/completions', 'openai', (model) => ({ model, messages, stream: true })),
  route('a completion', '/v1/completions', 'openai', (model) => ({ model, prompt: 'Why?', stream: true })),
  route('a response', '/v1/responses', 'responses', (model) => ({ model, input: 'Why?', stream: true })),
  route('a message', '/v1/messages', 'anthropic', (model) => ({ model, messages, max_tokens: 64, stream: true })),
  whole('a whole native answer', '/api/chat', 'ollama', (model) => ({ model, messages, stream: false })),
  whole('a whole chat completion', '/v1/chat/completions', 'openai', (model) => ({ model, messages })),
  whole('a whole response', '/v1/responses', 'responses', (model) => ({ model, input: 'Why?' })),
  whole('a whole message', '/v1/messages', 'anthropic', (model) => ({ model, messages, max_tokens: 64 })),
  whole('an embedding', '/api/embed', 'ollama', (model) => ({ model, input: 'Why?' })),
  whole('an embedding on /v1', '/v1/embeddings', 'openai', (model) => ({ model, input: 'Why?' })),
]
export const streams = routes.filter((each) => each.streams)
export const wholes = routes.filter((each) => !each.streams)

type Body = AskedRoute['body']

function route(name: string, path: string, dialect: AskedRoute['dialect'], ...[body]: [Body]): AskedRoute {
  return { name, path, dialect, streams: true, body }
}

function whole(name: string, path: string, dialect: AskedRoute['dialect'], ...[body]: [Body]): AskedRoute {
  return { name, path, dialect, streams: false, body }
}

export async function startScene(
  options: { readonly routing?: object; readonly a?: FakeOllamaOptions; readonly b?: FakeOllamaOptions } = {},
): Promise<Scene> {
  const [tiny, solo, duo] = [{ name: 'tiny' }, { name: 'solo' }, { name: 'duo' }]
  const a = await startFakeOllama({ parallel: 16, models: [tiny, solo], ...options.a })
  const b = await startFakeOllama({ parallel: 16, models: [tiny, duo], ...options.b })
  const upstreams = [
    { name: 'a', url: a.url, priority: 1, slots: 64 },
    { name: 'b', url: b.url, priority: 2, slots: 64 },
  ]
  // Probes find at once what has come back.
  const routing = { health_interval: '50ms', retry_budget: '100%', first_byte_timeout: '500ms', idle_timeout: '500ms' }
  const gateway = await startGateway({ config: { upstreams, routing: { ...routing, ...options.routing } } })
  const authorization = `Bearer ${gateway.adminKey}`
  const post: Scene['post'] = (path, body, method = 'POST') =>
    readStream(gateway.url + path, { method, headers: { authorization }, body })

  return {
    a,
    b,
    gateway,
    post,
    ask: (asked, model = 'tiny') => post(asked.path, asked.body(model)),
    async reset() {
      for (const fake of [a, b]) {
        fake.faults.clear()
        await fake.setDoor('open')
      }
      await untilBothUp(gateway)
      for (const model of ['solo', 'duo']) await untilTrusted(() => post('/api/generate', { model, stream: false }))
      for (const fake of [a, b]) fake.counters.reset()
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await Promise.all([a.stop(), b.stop()])
    },
  }
}

async function untilBothUp(gateway: RunningGateway): Promise<void> {
  for (;;) {
    const response = await fetch(`${gateway.url}/health`, { headers: { authorization: `Bearer ${gateway.adminKey}` } })
    const { upstreams } = (await response.json()) as { upstreams: { state: string }[] }
    if (upstreams.every((upstream) => upstream.state === 'up')) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** How often a path was asked for at each of the two. */
export function asked({ a, b }: Pick<Scene, 'a' | 'b'>, path: string): [number, number] {
  const count = (fake: FakeOllama): number => fake.counters.requestsTo(path).length
  return [count(a), count(b)]
}

/** The payloads of a stream, in any framing; throws where one is no whole JSON. */
export function payloads({ dialect, streams: isStream }: AskedRoute, result: StreamResult): unknown[] {
  if (!isStream) return [JSON.parse(result.text)]
  if (dialect === 'ollama') return result.events.map((event) => JSON.parse(event.text) as unknown)
  return result.events.flatMap((event) => {
    const data = event.text.split('\n').filter((line) => line.startsWith('data: '))
    return data.map((line) => (line === 'data: [DONE]' ? '[DONE]' : (JSON.parse(line.slice(6)) as unknown)))
  })
}

/** Whether a payload is the last word of a stream that succeeded. */
export function isTerminator(payload: unknown): boolean {
  if (payload === '[DONE]') return true
  const { done, type } = payload as { done?: boolean; type?: string }
  return done === true || type === 'response.completed' || type === 'message_stop'
}

/** The text of an error as the dialect carries it; undefined for anything else. */
export function errorText(payload: unknown): string | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined
  const { error, response } = payload as { error?: unknown; response?: { error?: unknown } }
  for (const found of [error, response?.error]) {
    if (typeof found === 'string') return found
    if (typeof found === 'object' && found !== null && 'message' in found) return String(found.message)
  }
  return undefined
}
