import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGatewayBefore, type GatewayBefore } from '../system/harness/gateway-before.ts'
import { makeKey } from '../system/harness/make-key.ts'

const messages = [{ role: 'user' as const, content: 'Why is the sky blue?' }]
const model = 'tiny'

let before: GatewayBefore
beforeAll(async () => {
  before = await startGatewayBefore({ models: [{ name: 'tiny' }, { name: 'endless', answerTokens: 1_000_000 }] })
})
afterAll(() => before[Symbol.asyncDispose]())

/** The one request of its minute is used up. */
async function usedUp(): Promise<string> {
  const key = await makeKey(before.gateway, { limits: { requests_per_minute: 1 } })
  await new Ollama({ host: before.gateway.url, headers: { Authorization: `Bearer ${key}` } }).show({ model })
  return key
}

const withBudget = (): Promise<string> => makeKey(before.gateway, { limits: { tokens_per_day: 200 } })

describe('the OpenAI SDK', () => {
  const client = (apiKey: string): OpenAI => new OpenAI({ baseURL: `${before.gateway.url}/v1`, apiKey, maxRetries: 0 })

  it('reads a limit of requests as a rate limit, in chats and in responses', async () => {
    const key = await usedUp()
    const chat = await client(key)
      .chat.completions.create({ model, messages })
      .catch((error: unknown) => error)
    expect(chat).toBeInstanceOf(OpenAI.RateLimitError)
    expect(chat).toMatchObject({ status: 429, code: 'rate_limited', type: 'rate_limit_error' })
    const headers = (chat as InstanceType<typeof OpenAI.RateLimitError>).headers
    expect(Number(headers?.get('retry-after'))).toBeGreaterThan(0)
    const response = client(key).responses.create({ model, input: 'Why?' })
    await expect(response).rejects.toBeInstanceOf(OpenAI.RateLimitError)
  })

  it('reads how limits stand', async () => {
    const key = await makeKey(before.gateway, { limits: { requests_per_minute: 9, tokens_per_minute: 10_000 } })
    const { response } = await client(key).chat.completions.create({ model, messages }).withResponse()
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('8')
    expect(Number(response.headers.get('x-ratelimit-remaining-tokens'))).toBeLessThan(10_000)
  })

  it('throws the reason where a budget runs out in the middle of a stream', async () => {
    const stream = await client(await withBudget()).chat.completions.create({
      model: 'endless',
      messages,
      stream: true,
    })
    await expect(drain(stream)).rejects.toMatchObject({
      code: 'budget_exhausted',
      message: expect.stringContaining('is limited to 200 tokens a day'),
    })
  })
})

describe('the Anthropic SDK', () => {
  const client = (apiKey: string): Anthropic => new Anthropic({ baseURL: before.gateway.url, apiKey, maxRetries: 0 })

  it('reads a limit of requests as a rate limit', async () => {
    const message = client(await usedUp()).messages.create({ model, max_tokens: 9, messages })
    await expect(message).rejects.toBeInstanceOf(Anthropic.RateLimitError)
  })

  it('throws the reason where a budget runs out in the middle of a stream', async () => {
    const asked = { model: 'endless', max_tokens: 1_000_000, messages, stream: true } as const
    const stream = await client(await withBudget()).messages.create(asked)
    await expect(drain(stream)).rejects.toThrow(/is limited to 200 tokens a day/)
  })
})

describe('ollama-js', () => {
  const client = (key: string): Ollama =>
    new Ollama({ host: before.gateway.url, headers: { Authorization: `Bearer ${key}` } })

  it('throws the limit and who has it', async () => {
    const chat = client(await usedUp()).chat({ model, messages })
    await expect(chat).rejects.toMatchObject({
      status_code: 429,
      error: expect.stringMatching(/^The key "made-\d+" is limited to 1 request a minute/),
    })
  })

  it('throws the reason where a budget runs out in the middle of a stream', async () => {
    const stream = await client(await withBudget()).chat({ model: 'endless', messages, stream: true })
    await expect(drain(stream)).rejects.toThrow(/is limited to 200 tokens a day/)
  })
})

async function drain(parts: AsyncIterable<unknown>): Promise<void> {
  for await (const part of parts) expect(part).toBeDefined()
}
