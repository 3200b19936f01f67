import { onTestFinished, vi } from 'vitest'
import {
  type FakeProvider,
  type FakeProviderOptions,
  startFakeProvider,
} from '../../fakes/fake-provider/fake-provider.ts'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { type GatewayOptions, type RunningGateway, startGateway } from '../harness/start-gateway.ts'
import { readStream, type StreamRequest, type StreamResult } from '../harness/stream-client.ts'
import { untilTrusted } from '../harness/until-trusted.ts'

export const OPENAI_KEY = 'sk-provider-canary-0815-openai'
export const ANTHROPIC_KEY = 'sk-ant-provider-canary-4711-claude'

/** One of each: `openai` with a key, `claude` with a key, `vllm` without. Nobody has a model of another's. */
export interface ProviderScene extends AsyncDisposable {
  readonly openai: FakeProvider
  readonly claude: FakeProvider
  readonly vllm: FakeProvider
  readonly all: readonly FakeProvider[]
  readonly gateway: RunningGateway
  /** Without faults, all up, and with nothing on record. */
  reset(): Promise<void>
}

/** One for each upstream. */
const TRUSTED_BY = new Set([
  'a chat completion in one piece',
  'a message in one piece',
  'a compatible chat in one piece',
])

/** What has come back is found at once. */
const quick = { health_interval: '50ms' }

/** Any test may ask any of them; what a test leaves behind goes with `reset`. */
export async function startProviderScene(options: GatewayOptions = {}): Promise<ProviderScene> {
  const openai = await startFakeProvider({ key: OPENAI_KEY })
  const claude = await startFakeProvider({ kind: 'anthropic', key: ANTHROPIC_KEY })
  const vllm = await startFakeProvider({ models: ['Qwen/Qwen3-8B'] })
  const all = [openai, claude, vllm]
  const stopAll = async (): Promise<void> => void (await Promise.all(all.map((fake) => fake.stop())))
  try {
    const upstreams = [
      { name: 'openai', type: 'openai', url: openai.url, api_key: OPENAI_KEY },
      { name: 'claude', type: 'anthropic', url: claude.url, api_key: ANTHROPIC_KEY },
      { name: 'vllm', type: 'openai-compatible', url: vllm.url },
    ]
    const { routing, ...config } = options.config ?? {}
    const gateway = await startGateway({
      ...options,
      config: { upstreams, routing: { ...quick, ...(routing as object | undefined) }, ...config },
    })
    await untilListed(gateway, ['gpt-4', 'claude-sonnet-4-5', 'Qwen/Qwen3-8B'])
    return {
      openai,
      claude,
      vllm,
      all,
      gateway,
      async reset() {
        for (const fake of all) fake.faults.clear()
        for (const name of ['openai', 'claude', 'vllm']) await untilUp(gateway, name)
        for (const each of wholes.filter(({ name }) => TRUSTED_BY.has(name))) {
          await untilTrusted(() => post(gateway, each.path, { body: each.body }))
        }
        for (const fake of all) fake.forget()
      },
      async [Symbol.asyncDispose]() {
        await gateway[Symbol.asyncDispose]()
        await stopAll()
      },
    }
  } catch (error) {
    await stopAll()
    throw error
  }
}

/** For the running test. */
export async function openProvider(options: FakeProviderOptions = {}): Promise<FakeProvider> {
  const fake = await startFakeProvider(options)
  onTestFinished(() => fake.stop())
  return fake
}

export async function openOllama(options: FakeOllamaOptions = {}): Promise<FakeOllama> {
  const fake = await startFakeOllama({ parallel: 16, ...options })
  onTestFinished(() => fake.stop())
  return fake
}

export async function openGateway(upstreams: readonly object[], options: GatewayOptions = {}): Promise<RunningGateway> {
  const gateway = await startGateway({ ...options, config: { upstreams, ...options.config } })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

/** The config of an `openai-compatible` upstream that leads to this fake. */
export function compatible(name: string, fake: FakeProvider, more: object = {}): object {
  return { name, type: 'openai-compatible', url: fake.url, ...more }
}

export interface Json {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

export async function getJson(gateway: RunningGateway, path: string, key = gateway.adminKey): Promise<Json> {
  const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}` } })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

/** Names in `/v1/models`, sorted. */
export async function listedModels(gateway: RunningGateway, key?: string): Promise<string[]> {
  const { body } = await getJson(gateway, '/v1/models', key)
  const { data = [] } = body as { data?: readonly { id: string }[] }
  return data.map((model) => model.id).toSorted()
}

export async function untilListed(gateway: RunningGateway, wanted: readonly string[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const listed = await listedModels(gateway)
      const missing = wanted.filter((name) => !listed.includes(name))
      if (missing.length > 0) throw new Error(`not listed: ${missing.join()}; listed: ${listed.join()}`)
    },
    { timeout: 5000, interval: 25 },
  )
}

export function post(
  gateway: RunningGateway,
  path: string,
  options: StreamRequest & { readonly key?: string } = {},
): Promise<StreamResult> {
  const authorization = `Bearer ${options.key ?? gateway.adminKey}`
  return readStream(gateway.url + path, { method: 'POST', ...options, headers: { authorization, ...options.headers } })
}

export interface UpstreamFacts {
  readonly name: string
  readonly state: string
  readonly models: readonly string[]
}

/** What an admin is told about one upstream. */
export async function upstreamFacts(gateway: RunningGateway, name: string): Promise<UpstreamFacts> {
  const { body } = await getJson(gateway, '/health')
  const { upstreams } = body as { upstreams: readonly UpstreamFacts[] }
  const found = upstreams.find((upstream) => upstream.name === name)
  if (found === undefined) throw new Error(`the gateway tells of no upstream ${name}`)
  return found
}

export async function untilUp(gateway: RunningGateway, name: string): Promise<void> {
  const isUp = async (): Promise<void> => {
    const { state } = await upstreamFacts(gateway, name)
    if (state !== 'up') throw new Error(`${name} is ${state}`)
  }
  await vi.waitFor(isUp, { timeout: 5000, interval: 10 })
}

const messages = [{ role: 'user', content: 'Why is the sky blue?' }]

/** A request in each API that a provider of the scene speaks, as its clients send it. */
export interface SpokenRoute {
  readonly name: string
  readonly path: string
  readonly upstream: 'openai' | 'claude' | 'vllm'
  readonly dialect: 'openai' | 'responses' | 'anthropic'
  readonly body: Readonly<Record<string, unknown>>
}

const gpt = { upstream: 'openai', dialect: 'openai' } as const
const qwen = { upstream: 'vllm', dialect: 'openai' } as const
const model = 'gpt-4'
const chat = { path: '/v1/chat/completions' }

export const streams: readonly SpokenRoute[] = [
  { name: 'a chat completion', ...gpt, ...chat, body: { model, messages, stream: true } },
  { name: 'a completion', ...gpt, path: '/v1/completions', body: { model, prompt: 'Why?', stream: true } },
  {
    name: 'a response',
    upstream: 'openai',
    dialect: 'responses',
    path: '/v1/responses',
    body: { model, input: 'Why?', stream: true },
  },
  {
    name: 'a message',
    upstream: 'claude',
    dialect: 'anthropic',
    path: '/v1/messages',
    body: { model: 'claude-sonnet-4-5', max_tokens: 64, messages, stream: true },
  },
  { name: 'a compatible chat', ...qwen, ...chat, body: { model: 'Qwen/Qwen3-8B', messages, stream: true } },
]

export const wholes: readonly SpokenRoute[] = [
  ...streams.map((each) => ({ ...each, name: `${each.name} in one piece`, body: { ...each.body, stream: false } })),
  {
    name: 'an embedding',
    ...gpt,
    path: '/v1/embeddings',
    body: { model: 'text-embedding-3-small', input: ['a', 'b'] },
  },
]

/** The text of an error in an answer, in the shape of its dialect; throws where it has another. */
export function errorOf(dialect: 'ollama' | SpokenRoute['dialect'], text: string): string {
  const body = JSON.parse(text) as { type?: unknown; error?: unknown }
  if (dialect === 'ollama') {
    if (typeof body.error !== 'string') throw new Error(`no error of Ollama: ${text}`)
    return body.error
  }
  const { message, type } = (body.error ?? {}) as { message?: unknown; type?: unknown }
  const isWrapped = dialect === 'anthropic' ? body.type === 'error' : body.type === undefined
  if (typeof message !== 'string' || typeof type !== 'string' || !isWrapped) throw new Error(`no error: ${text}`)
  return message
}
