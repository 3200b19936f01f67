import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ProviderScene, startProviderScene } from '../system/providers/provider-scene.ts'

const messages = [{ role: 'user' as const, content: 'Why is the sky blue?' }]

let scene: ProviderScene
let key: string
beforeAll(async () => {
  scene = await startProviderScene()
  key = await scene.gateway.createKey({ name: 'client' })
})
beforeEach(() => scene.reset())
afterAll(() => scene[Symbol.asyncDispose]())

async function collect<Part>(parts: AsyncIterable<Part> | PromiseLike<AsyncIterable<Part>>): Promise<Part[]> {
  const collected: Part[] = []
  for await (const part of await parts) collected.push(part)
  return collected
}

/** Between the first and the second time that a provider was asked. */
function waitedMs(requests: readonly { readonly at: number }[]): number {
  const [first, second] = requests
  return (second?.at ?? 0) - (first?.at ?? 0)
}

describe('the OpenAI SDK, before a provider,', () => {
  const client = (options: { maxRetries?: number; apiKey?: string } = {}): OpenAI =>
    new OpenAI({ baseURL: `${scene.gateway.url}/v1`, apiKey: key, maxRetries: 0, ...options })

  it('chats, whole and as a stream', async () => {
    const whole = await client().chat.completions.create({ model: 'gpt-4', messages })
    expect(whole.choices[0]?.message.content).toBe('The sky is blé 東 🐑.')
    const parts = await collect(
      client().chat.completions.create({
        model: 'gpt-4',
        messages,
        stream: true,
        stream_options: { include_usage: true },
      }),
    )
    expect(parts.map((part) => part.choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0]?.message.content)
    expect(parts.at(-1)?.usage?.total_tokens).toBe(14)
  })

  it('streams a response, embeds and lists models', async () => {
    const events = await collect(client().responses.create({ model: 'gpt-4', input: 'Why?', stream: true }))
    expect(events.at(-1)?.type).toBe('response.completed')
    const { data } = await client().embeddings.create({ model: 'text-embedding-3-small', input: ['a', 'b'] })
    expect(data.map((each) => each.embedding)).toEqual([
      [0.25, -0.5, 0.125],
      [0.25, -0.5, 0.125],
    ])
    const listed = (await collect(client().models.list())).map((model) => model.id)
    expect(listed).toEqual(expect.arrayContaining(['gpt-4', 'claude-sonnet-4-5', 'Qwen/Qwen3-8B']))
    expect((await client().models.retrieve('gpt-4')).id).toBe('gpt-4')
  })

  it('throws its own classes for what the provider says', async () => {
    const ask = (model = 'gpt-4'): Promise<unknown> => client().chat.completions.create({ model, messages })
    const says = (status: number): void => scene.openai.faults.add({ kind: 'failure', status, times: 1 })
    says(400)
    await expect(ask()).rejects.toBeInstanceOf(OpenAI.BadRequestError)
    says(422)
    await expect(ask()).rejects.toBeInstanceOf(OpenAI.UnprocessableEntityError)
    says(500)
    await expect(ask()).rejects.toBeInstanceOf(OpenAI.InternalServerError)
    scene.openai.faults.add({ kind: 'rate-limit', retryAfterSeconds: 1, times: 1 })
    await expect(ask()).rejects.toBeInstanceOf(OpenAI.RateLimitError)
    await expect(ask('nobody-has-this')).rejects.toBeInstanceOf(OpenAI.NotFoundError)
    await expect(ask('claude-sonnet-4-5')).rejects.toMatchObject({ status: 400, code: 'dialect_not_spoken' })
  })

  it('waits as long as the provider asks it to, and then gets its answer', async () => {
    scene.openai.faults.add({ kind: 'rate-limit', retryAfterSeconds: 2, times: 1 })
    const whole = await client({ maxRetries: 1 }).chat.completions.create({ model: 'gpt-4', messages })
    expect(whole.choices).toHaveLength(1)
    expect(scene.openai.asked()).toHaveLength(2)
    // Left to itself it waits half a second.
    expect(waitedMs(scene.openai.asked())).toBeGreaterThan(1900)
  })

  it.each(['reset', 'fin', 'clean'] as const)('throws when the provider cuts a stream: %s', async (ending) => {
    scene.openai.faults.add({ kind: 'cut', afterChunks: 3, ending })
    const stream = collect(client().chat.completions.create({ model: 'gpt-4', messages, stream: true }))
    await expect(stream).rejects.toThrow(/./)
  })
})

describe('the Anthropic SDK, before a provider,', () => {
  const question = { model: 'claude-sonnet-4-5', max_tokens: 64, messages }
  const client = (options: { maxRetries?: number } = {}): Anthropic =>
    new Anthropic({ baseURL: scene.gateway.url, apiKey: key, maxRetries: 0, ...options })

  it('asks, whole and as a stream', async () => {
    const whole = await client().messages.create(question)
    expect(whole.content).toMatchObject([{ type: 'text', text: 'The sky is blé 東 🐑.' }])
    const streamed = await client().messages.stream(question).finalMessage()
    expect([streamed.content, streamed.stop_reason]).toEqual([whole.content, 'end_turn'])
    expect(streamed.usage.output_tokens).toBe(7)
  })

  it('counts tokens at the gateway', async () => {
    const count = await client().messages.countTokens({ model: question.model, messages })
    expect([count.input_tokens > 0, scene.claude.asked().length]).toEqual([true, 0])
  })

  it('throws its own classes for what the provider says', async () => {
    const ask = (model = question.model): Promise<unknown> => client().messages.create({ ...question, model })
    scene.claude.faults.add({ kind: 'failure', status: 400, times: 1 })
    await expect(ask()).rejects.toBeInstanceOf(Anthropic.BadRequestError)
    scene.claude.faults.add({ kind: 'failure', status: 529, times: 1 })
    await expect(ask()).rejects.toMatchObject({ status: 529 })
    scene.claude.faults.add({ kind: 'rate-limit', retryAfterSeconds: 1, times: 1 })
    await expect(ask()).rejects.toBeInstanceOf(Anthropic.RateLimitError)
    await expect(ask('nobody-has-this')).rejects.toBeInstanceOf(Anthropic.NotFoundError)
    await expect(ask('gpt-4')).rejects.toBeInstanceOf(Anthropic.BadRequestError)
  })

  it('waits as long as the provider asks it to, and then gets its answer', async () => {
    scene.claude.faults.add({ kind: 'rate-limit', retryAfterSeconds: 2, times: 1 })
    expect((await client({ maxRetries: 1 }).messages.create(question)).content).toHaveLength(1)
    expect(waitedMs(scene.claude.asked())).toBeGreaterThan(1900)
  })

  it.each(['reset', 'fin', 'clean'] as const)('throws when the provider cuts a stream: %s', async (ending) => {
    scene.claude.faults.add({ kind: 'cut', afterChunks: 4, ending })
    await expect(collect(client().messages.create({ ...question, stream: true }))).rejects.toThrow(/./)
  })
})

describe('the SDKs, before a provider that refuses the key of the gateway,', () => {
  it('say so as a failure of the gateway, and do not ask again', async () => {
    await using refusing = await startProviderScene()
    for (const fake of refusing.all) fake.faults.add({ kind: 'refuse-key' })
    const openai = new OpenAI({
      baseURL: `${refusing.gateway.url}/v1`,
      apiKey: refusing.gateway.adminKey,
      maxRetries: 2,
    })
    const chat = openai.chat.completions.create({ model: 'gpt-4', messages })
    await expect(chat).rejects.toMatchObject({ status: 502, code: 'provider_refused' })
    const anthropic = new Anthropic({ baseURL: refusing.gateway.url, apiKey: refusing.gateway.adminKey, maxRetries: 2 })
    const question = { model: 'claude-sonnet-4-5', max_tokens: 64, messages }
    await expect(anthropic.messages.create(question)).rejects.toMatchObject({ status: 502 })
    expect([refusing.openai.asked().length, refusing.claude.asked().length]).toEqual([1, 1])
  })
})
