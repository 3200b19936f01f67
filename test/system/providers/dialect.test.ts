import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  compatible,
  errorOf,
  getJson,
  listedModels,
  openGateway,
  openOllama,
  openProvider,
  post,
  type ProviderScene,
  startProviderScene,
  untilListed,
} from './provider-scene.ts'

let scene: ProviderScene
beforeAll(async () => {
  scene = await startProviderScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene[Symbol.asyncDispose]())

const messages = [{ role: 'user', content: 'canary prompt' }]
const asks = {
  '/api/chat': ['ollama', { messages }],
  '/api/generate': ['ollama', { prompt: 'canary prompt' }],
  '/api/embed': ['ollama', { input: 'canary prompt' }],
  '/api/embeddings': ['ollama', { prompt: 'canary prompt' }],
  '/call_model': ['ollama', { prompt: 'canary prompt' }],
  '/v1/chat/completions': ['openai', { messages }],
  '/v1/completions': ['openai', { prompt: 'canary prompt' }],
  '/v1/embeddings': ['openai', { input: 'canary prompt' }],
  '/v1/responses': ['responses', { input: 'canary prompt' }],
  '/v1/messages': ['anthropic', { messages, max_tokens: 9 }],
} as const
type Path = keyof typeof asks

const native: readonly Path[] = ['/api/chat', '/api/generate', '/api/embed', '/api/embeddings', '/call_model']
const openai: readonly Path[] = ['/v1/chat/completions', '/v1/completions', '/v1/embeddings']

const unspoken: readonly (readonly [model: string, paths: readonly Path[], names: RegExp])[] = [
  ['gpt-4', [...native, '/v1/messages'], /\/v1\/chat\/completions|OpenAI/],
  ['claude-sonnet-4-5', [...native, ...openai, '/v1/responses'], /\/v1\/messages|Anthropic/],
  ['Qwen/Qwen3-8B', [...native, '/v1/responses', '/v1/messages'], /\/v1\/chat\/completions|OpenAI/],
]
const cases = unspoken.flatMap(([model, paths, names]) => paths.map((path) => ({ model, path, names })))

describe('a request in a dialect that no provider of its model speaks', () => {
  it.each(cases)('is told which API to use: $path for $model', async ({ model, path, names }) => {
    const [dialect, body] = asks[path]
    for (const stream of [true, false]) {
      const result = await post(scene.gateway, path, { body: { model, ...body, stream } })
      expect([result.status, result.headers['corral-error']]).toEqual([400, 'dialect_not_spoken'])
      expect(errorOf(dialect, result.text)).toMatch(names)
      expect(result.headers['x-should-retry']).toBe('false')
    }
    for (const fake of scene.all) expect(fake.bytes().toString()).not.toContain('canary prompt')
  })

  it('goes to an Ollama that has the model, whatever the priority of the provider', async () => {
    const [fake, ollama] = [await openProvider({ models: ['both'] }), await openOllama({ models: [{ name: 'both' }] })]
    const upstreams = [compatible('provider', fake, { priority: 1 }), { name: 'own', url: ollama.url, priority: 9 }]
    const gateway = await openGateway(upstreams)
    await expect.poll(() => listedModels(gateway), { timeout: 5000 }).toEqual(expect.arrayContaining(['both']))
    for (const path of ['/api/chat', '/api/generate', '/v1/responses', '/v1/messages'] as const) {
      const result = await post(gateway, path, { body: { model: 'both', ...asks[path][1] } })
      expect([path, result.status, result.headers['corral-upstream']]).toEqual([path, 200, 'own'])
    }
    expect(fake.asked()).toEqual([])
  })
})

describe('counting tokens', () => {
  it('is done by the gateway, for a model of a provider too', async () => {
    const body = { model: 'claude-sonnet-4-5', messages }
    const result = await post(scene.gateway, '/v1/messages/count_tokens', { body })
    const { input_tokens: count } = JSON.parse(result.text) as { input_tokens: number }
    expect([result.status, count > 0]).toEqual([200, true])
    expect(scene.claude.asked()).toEqual([])
  })
})

describe('a route of Ollama alone', () => {
  const digest = `sha256:${'0'.repeat(64)}`
  const routes = [
    ['POST', '/api/show', { model: 'gpt-4' }],
    ['POST', '/api/pull', { model: 'gpt-4', stream: false }],
    ['POST', '/api/push', { model: 'gpt-4', stream: false }],
    ['POST', '/api/create', { model: 'mine', from: 'gpt-4', stream: false }],
    ['POST', '/api/copy', { source: 'gpt-4', destination: 'mine' }],
    ['DELETE', '/api/delete', { model: 'gpt-4' }],
    ['HEAD', `/api/blobs/${digest}`, undefined],
    ['POST', `/api/blobs/${digest}`, { canary: 1 }],
    ['GET', '/api/ps', undefined],
    ['GET', '/api/version', undefined],
    ['GET', '/api/status', undefined],
    ['GET', '/api/experimental/model-recommendations', undefined],
  ] as const

  it.each(routes)('never reaches a provider, with nobody else there: %s %s', async (method, path, body) => {
    const result = await post(scene.gateway, path, { method, body })
    expect(result.ending).toBe('complete')
    if (method !== 'GET') expect(result.status).toBeGreaterThanOrEqual(400)
    expect(scene.all.flatMap((fake) => fake.requests().map((request) => request.target))).toEqual([])
  })

  it.each(routes)('never reaches a provider, with an Ollama there: %s %s', async (method, path, body) => {
    const [fake, ollama] = [await openProvider(), await openOllama({ models: [{ name: 'tiny' }], version: '0.24.7' })]
    const gateway = await openGateway([compatible('x', fake), { name: 'own', url: ollama.url, priority: 9 }])
    await untilListed(gateway, ['gpt-4', 'tiny:latest'])
    fake.forget()
    await post(gateway, path, { method, body })
    expect(fake.requests()).toEqual([])
    expect((await getJson(gateway, '/api/version')).body).toEqual({ version: '0.24.7' })
  })
})
