import { describe, expect, it } from 'vitest'
import { fieldsOf } from '../../fakes/fake-provider/received-request.ts'
import { makeKey } from '../harness/make-key.ts'
import type { RunningGateway } from '../harness/start-gateway.ts'
import type { StreamResult } from '../harness/stream-client.ts'
import {
  ANTHROPIC_KEY,
  compatible,
  errorOf,
  getJson,
  listedModels,
  openGateway,
  openOllama,
  openProvider,
  OPENAI_KEY,
  post,
  untilListed,
  upstreamFacts,
} from './provider-scene.ts'

const messages = [{ role: 'user', content: 'canary prompt' }]

function chat(gateway: RunningGateway, model: string, key?: string): Promise<StreamResult> {
  const body = { model, messages }
  return post(gateway, '/v1/chat/completions', { body, ...(key === undefined ? {} : { key }) })
}

describe('the models of a provider', () => {
  it('are what it lists, in every list, and each alone', async () => {
    const fake = await openProvider({ key: OPENAI_KEY })
    const gateway = await openGateway([{ name: 'openai', type: 'openai', url: fake.url, api_key: OPENAI_KEY }])
    const all = ['gpt-4', 'gpt-4o-mini', 'text-embedding-3-small', 'whisper-1']
    await untilListed(gateway, all)
    expect(await listedModels(gateway)).toEqual(all)
    const tags = (await getJson(gateway, '/api/tags')).body as { models: { name: string; model: string }[] }
    expect(tags.models.map((model) => model.name).toSorted()).toEqual(all)
    expect(await getJson(gateway, '/v1/models/gpt-4')).toMatchObject({ status: 200, body: { id: 'gpt-4' } })
    expect((await getJson(gateway, '/v1/models/gpt-5')).status).toBe(404)
    expect(fake.asked()).toEqual([])
  })

  it('are those that the patterns of the config let through, and plain names among them, listed or not', async () => {
    const fake = await openProvider({ models: ['gpt-4', 'gpt-4o', 'o3', 'dall-e-3'] })
    const gateway = await openGateway([compatible('some', fake, { models: ['gpt-*', 'o3', 'ft-unlisted'] })])
    await untilListed(gateway, ['gpt-4'])
    expect(await listedModels(gateway)).toEqual(['ft-unlisted', 'gpt-4', 'gpt-4o', 'o3'])
    expect((await chat(gateway, 'o3')).status).toBe(200)
    const refused = await chat(gateway, 'dall-e-3')
    expect([refused.status, refused.headers['corral-error']]).toEqual([404, 'model_not_found'])
    expect((await getJson(gateway, '/v1/models/dall-e-3')).status).toBe(404)
    fake.forget()
    // The provider itself says what it thinks of a name that only the config knows.
    const unlisted = await chat(gateway, 'ft-unlisted')
    expect([unlisted.status, errorOf('openai', unlisted.text)]).toEqual([
      404,
      'The model `ft-unlisted` does not exist or you do not have access to it.',
    ])
    expect(fake.asked()).toHaveLength(1)
  })

  it('are none where no pattern fits', async () => {
    const fake = await openProvider()
    const gateway = await openGateway([compatible('none', fake, { models: ['nothing-*'] })])
    await expect.poll(async () => (await upstreamFacts(gateway, 'none')).state, { timeout: 5000 }).toBe('up')
    expect(await listedModels(gateway)).toEqual([])
    expect((await chat(gateway, 'gpt-4')).status).toBe(404)
    expect(fake.asked()).toEqual([])
  })

  it('are all of them, however many pages the list has', async () => {
    const models = Array.from({ length: 45 }, (_, index) => `claude-${index + 100}`)
    const fake = await openProvider({ kind: 'anthropic', key: ANTHROPIC_KEY, models })
    const gateway = await openGateway([{ name: 'claude', type: 'anthropic', url: fake.url, api_key: ANTHROPIC_KEY }])
    await untilListed(gateway, models)
    const [request = { headers: [] }] = fake.requests()
    expect([fieldsOf(request, 'x-api-key'), fieldsOf(request, 'anthropic-version')]).toEqual([
      [ANTHROPIC_KEY],
      ['2023-06-01'],
    ])
  })

  it.each([
    ['of a folder', 'Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4'],
    ['of Gemini', 'models/gemini-2.0-flash'],
    ['of two folders', 'accounts/fireworks/models/llama-v3p1-8b-instruct'],
    ['that was tuned', 'ft:gpt-4o-mini-2024-07-18:my-org::9AbCdEfG'],
    ['of Cloudflare', '@cf/meta/llama-3.1-8b-instruct'],
    ['with capitals and dots', 'Mistral-7B-v0.3.Q4_K_M.gguf'],
  ])('may have a name %s: %s', async (_, name) => {
    const fake = await openProvider({ models: [name] })
    const gateway = await openGateway([compatible('named', fake)])
    await untilListed(gateway, [name])
    expect((await chat(gateway, name)).status).toBe(200)
    expect(JSON.parse(fake.asked()[0]?.body.toString() ?? '')).toMatchObject({ model: name })
    expect((await getJson(gateway, `/v1/models/${name}`)).body).toMatchObject({ id: name })
  })

  it('are judged by the patterns of a key under any name, and never guessed', async () => {
    const tuned = 'ft:gpt-4o-mini:my-org::9AbCdEfG'
    const fake = await openProvider({ models: [tuned, 'accounts/fireworks/models/llama'] })
    const gateway = await openGateway([compatible('odd', fake)])
    await untilListed(gateway, [tuned])
    const key = await makeKey(gateway, { scopes: ['chat', 'models:read'], models: ['ft:*'] })
    expect(await listedModels(gateway, key)).toEqual([tuned])
    expect((await chat(gateway, tuned, key)).status).toBe(200)
    const denied = await chat(gateway, 'accounts/fireworks/models/llama', key)
    expect([denied.status, denied.headers['corral-error']]).toEqual([403, 'model_denied'])
    for (const missing of ['ft:gpt-4o-mini:other::1', 'accounts/fireworks/models/none', '@cf/a/b/c', 'a b', '../x']) {
      expect([400, 404]).toContain((await chat(gateway, missing)).status)
    }
    expect(fake.asked()).toHaveLength(1)
  })

  it('are the literal ones of a server without a list, which is up', async () => {
    const fake = await openProvider({ models: ['local-a', 'local-b'], listsModels: false })
    const gateway = await openGateway([compatible('plain', fake, { models: ['local-a', 'local-*'] })])
    await untilListed(gateway, ['local-a'])
    expect(await listedModels(gateway)).toEqual(['local-a'])
    expect((await upstreamFacts(gateway, 'plain')).state).toBe('up')
    expect((await chat(gateway, 'local-a')).status).toBe(200)
    expect((await chat(gateway, 'local-b')).status).toBe(404)
    expect(fake.asked()).toHaveLength(1)
  })

  it('are those of nobody while it is not enabled', async () => {
    const fake = await openProvider()
    const gateway = await openGateway([compatible('off', fake, { enabled: false })])
    expect((await upstreamFacts(gateway, 'off')).state).toBe('disabled')
    expect((await chat(gateway, 'gpt-4')).status).toBeGreaterThanOrEqual(400)
    expect(fake.connections()).toBe(0)
  })
})

describe('an assignment', () => {
  it('sends a model to a provider, listed or not, past its patterns', async () => {
    const [fake, other] = [await openProvider({ models: ['gpt-4'] }), await openProvider({ models: ['gpt-4'] })]
    const upstreams = [
      compatible('cheap', other, { priority: 1 }),
      compatible('dear', fake, { priority: 9, models: ['o1'] }),
    ]
    const gateway = await openGateway(upstreams, { config: { models: { assignments: { 'gpt-4': ['dear'] } } } })
    await untilListed(gateway, ['o1'])
    const { status, headers } = await chat(gateway, 'gpt-4')
    expect([status, headers['corral-upstream']]).toEqual([200, 'dear'])
    expect([fake.asked().length, other.asked().length]).toEqual([1, 0])
  })
})

describe('an alias', () => {
  it('may stand for a model of a provider, which is asked for by its own name', async () => {
    const fake = await openProvider({ models: ['Qwen/Qwen3-8B'] })
    const gateway = await openGateway([compatible('vllm', fake)], {
      config: { models: { aliases: { 'gpt-4': 'Qwen/Qwen3-8B' } } },
    })
    await untilListed(gateway, ['Qwen/Qwen3-8B'])
    expect((await chat(gateway, 'gpt-4')).status).toBe(200)
    expect(JSON.parse(fake.asked()[0]?.body.toString() ?? '')).toEqual({ model: 'Qwen/Qwen3-8B', messages })
  })
})

describe('a key', () => {
  it('uses and sees the models of a provider that its patterns name, and no others', async () => {
    const fake = await openProvider({ models: ['gpt-4', 'o3'] })
    const gateway = await openGateway([compatible('x', fake)])
    await untilListed(gateway, ['gpt-4', 'o3'])
    const key = await makeKey(gateway, { scopes: ['chat', 'models:read'], models: ['gpt-*'] })
    expect(await listedModels(gateway, key)).toEqual(['gpt-4'])
    expect((await chat(gateway, 'gpt-4', key)).status).toBe(200)
    const denied = await chat(gateway, 'o3', key)
    expect([denied.status, denied.headers['corral-error']]).toEqual([403, 'model_denied'])
    expect((await getJson(gateway, '/v1/models/o3', key)).status).not.toBe(200)
    expect(fake.asked()).toHaveLength(1)
  })

  it('that names its upstreams goes to no provider but those', async () => {
    const [mine, other] = [await openProvider({ models: ['gpt-4'] }), await openProvider({ models: ['gpt-4', 'o3'] })]
    const gateway = await openGateway([compatible('mine', mine, { priority: 9 }), compatible('other', other)])
    await untilListed(gateway, ['gpt-4', 'o3'])
    const key = await makeKey(gateway, { scopes: ['chat', 'models:read'], upstreams: ['mine'] })
    const { status, headers } = await chat(gateway, 'gpt-4', key)
    expect([status, headers['corral-upstream']]).toEqual([200, 'mine'])
    expect((await chat(gateway, 'o3', key)).status).toBeGreaterThanOrEqual(400)
    expect(await listedModels(gateway, key)).toEqual(['gpt-4'])
    expect(other.asked()).toEqual([])
  })
})

describe('a model that nobody has', () => {
  const asks = [
    ['/v1/chat/completions', 'openai', { messages }],
    ['/v1/completions', 'openai', { prompt: 'canary prompt' }],
    ['/v1/embeddings', 'openai', { input: 'canary prompt' }],
    ['/v1/responses', 'responses', { input: 'canary prompt' }],
    ['/v1/messages', 'anthropic', { messages, max_tokens: 5 }],
    ['/api/chat', 'ollama', { messages }],
    ['/api/generate', 'ollama', { prompt: 'canary prompt' }],
    ['/api/embed', 'ollama', { input: 'canary prompt' }],
  ] as const

  it('is not asked of a provider: 404 in the dialect of the caller', async () => {
    const [openai, claude] = [await openProvider(), await openProvider({ kind: 'anthropic', key: ANTHROPIC_KEY })]
    const gateway = await openGateway([
      compatible('openai', openai),
      { name: 'claude', type: 'anthropic', url: claude.url, api_key: ANTHROPIC_KEY },
    ])
    await untilListed(gateway, ['gpt-4', 'claude-sonnet-4-5'])
    for (const [path, dialect, body] of asks) {
      const result = await post(gateway, path, { body: { model: 'nobody-has-this', ...body } })
      expect([path, result.status, result.headers['corral-error']]).toEqual([path, 404, 'model_not_found'])
      expect(errorOf(dialect, result.text)).toContain('nobody-has-this')
    }
    for (const fake of [openai, claude]) expect(fake.bytes().toString()).not.toContain('canary prompt')
  })

  it('is asked of an Ollama alone, where there is one', async () => {
    const [fake, ollama] = [await openProvider(), await openOllama({ models: [{ name: 'tiny' }] })]
    const gateway = await openGateway([
      compatible('x', fake, { priority: 1 }),
      { name: 'own', url: ollama.url, priority: 9 },
    ])
    await untilListed(gateway, ['gpt-4', 'tiny:latest'])
    for (const [path, dialect, body] of asks) {
      const result = await post(gateway, path, { body: { model: 'nobody-has-this', ...body } })
      expect([path, result.status]).toEqual([path, 404])
      expect(errorOf(dialect, result.text)).toContain('nobody-has-this')
    }
    expect(fake.bytes().toString()).not.toContain('canary prompt')
  })
})

describe('a model of an Ollama and of a provider', () => {
  it('is asked of the one with the lower priority number', async () => {
    const [fake, ollama] = [await openProvider({ models: ['both'] }), await openOllama({ models: [{ name: 'both' }] })]
    for (const [priority, winner] of [
      [1, 'provider'],
      [9, 'own'],
    ] as const) {
      const gateway = await openGateway([
        compatible('provider', fake, { priority }),
        { name: 'own', url: ollama.url, priority: 5 },
      ])
      await expect
        .poll(async () => (await upstreamFacts(gateway, 'provider')).models, { timeout: 5000 })
        .toHaveLength(1)
      await expect.poll(async () => (await upstreamFacts(gateway, 'own')).models, { timeout: 5000 }).toHaveLength(1)
      const { status, headers } = await chat(gateway, 'both')
      expect([status, headers['corral-upstream']]).toEqual([200, winner])
    }
  })
})

describe('the list of a provider', () => {
  it('is asked for with its key, and not again and again', async () => {
    const fake = await openProvider({ key: OPENAI_KEY })
    const upstream = { name: 'openai', type: 'openai', url: fake.url, api_key: OPENAI_KEY }
    const gateway = await openGateway([upstream], {
      config: { routing: { health_interval: '50ms', model_ttl: '100ms' } },
    })
    await untilListed(gateway, ['gpt-4'])
    const ollama = (): Promise<StreamResult> => chat(gateway, 'nobody-has-this')
    // Whatever asks: probes, lists, requests for unknown models.
    for (let i = 0; i < 20; i += 1) {
      await Promise.all([listedModels(gateway), ollama(), chat(gateway, 'gpt-4')])
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const lists = fake.requests().filter((request) => request.method === 'GET')
    expect(lists.map((request) => request.target.split('?')[0])).toEqual(['/v1/models'])
    expect(fieldsOf(lists[0] ?? { headers: [] }, 'authorization')).toEqual([`Bearer ${OPENAI_KEY}`])
  })
})
