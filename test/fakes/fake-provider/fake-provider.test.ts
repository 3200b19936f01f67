import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { startFakeProvider } from './fake-provider.ts'
import { fieldsOf } from './received-request.ts'

const messages = [{ role: 'user' as const, content: 'Why is the sky blue?' }]

async function collect<Part>(parts: AsyncIterable<Part> | PromiseLike<AsyncIterable<Part>>): Promise<Part[]> {
  const collected: Part[] = []
  for await (const part of await parts) collected.push(part)
  return collected
}

describe('a fake OpenAI', () => {
  it('answers the official SDK', async () => {
    await using fake = await startFakeProvider({ key: 'sk-right' })
    const client = new OpenAI({ baseURL: fake.url, apiKey: 'sk-right', maxRetries: 0 })
    expect((await collect(client.models.list())).map((model) => model.id)).toContain('gpt-4')
    const whole = await client.chat.completions.create({ model: 'gpt-4', messages })
    const parts = await collect(client.chat.completions.create({ model: 'gpt-4', messages, stream: true }))
    expect(parts.map((part) => part.choices[0]?.delta.content ?? '').join('')).toBe(whole.choices[0]?.message.content)
    const events = await collect(client.responses.create({ model: 'gpt-4', input: 'Why?', stream: true }))
    expect(events.at(-1)?.type).toBe('response.completed')
    const { data } = await client.embeddings.create({ model: 'text-embedding-3-small', input: ['a', 'b'] })
    expect(data.map((each) => each.embedding)).toEqual([
      [0.25, -0.5, 0.125],
      [0.25, -0.5, 0.125],
    ])
  })

  it('refuses a wrong key and an unknown model with the classes of the SDK', async () => {
    await using fake = await startFakeProvider({ key: 'sk-right' })
    const ask = (apiKey: string, model: string): Promise<unknown> =>
      new OpenAI({ baseURL: fake.url, apiKey, maxRetries: 0 }).chat.completions.create({ model, messages })
    await expect(ask('sk-wrong', 'gpt-4')).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
    await expect(ask('sk-right', 'nothing')).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  })

  it('keeps every byte, and counts who leaves', async () => {
    await using fake = await startFakeProvider()
    fake.faults.add({ kind: 'stall', afterChunks: 2 })
    const leaving = new AbortController()
    const body = JSON.stringify({ model: 'gpt-4', messages, stream: true })
    const response = await fetch(`${fake.url}/chat/completions`, { method: 'POST', body, signal: leaving.signal })
    leaving.abort()
    await expect(response.text()).rejects.toThrow(/abort/)
    await expect.poll(() => fake.abandoned()).toBe(1)
    const [request] = fake.asked()
    expect([request?.target, request?.body.toString()]).toEqual(['/v1/chat/completions', body])
    expect(fieldsOf(request ?? { headers: [] }, 'host')).toEqual([`127.0.0.1:${fake.port}`])
    expect(fake.bytes().toString()).toContain(body)
  })

  it.each(['reset', 'fin', 'clean'] as const)('cuts a stream: %s', async (ending) => {
    await using fake = await startFakeProvider()
    fake.faults.add({ kind: 'cut', afterChunks: 2, ending, times: 1 })
    const ask = async (): Promise<string> => {
      const body = JSON.stringify({ model: 'gpt-4', messages, stream: true })
      const response = await fetch(`${fake.url}/chat/completions`, { method: 'POST', body })
      return response.text().catch(() => 'broken')
    }
    const cut = await ask()
    if (ending === 'clean') expect(cut).not.toContain('[DONE]')
    else expect(cut).toBe('broken')
    expect(await ask()).toContain('[DONE]')
  })

  it('repeats the key split over chunks, and moves elsewhere', async () => {
    await using fake = await startFakeProvider({ key: 'sk-right' })
    const ask = (): Promise<Response> =>
      fetch(`${fake.url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: 'Bearer sk-right' },
        body: '{"model":"gpt-4"}',
        redirect: 'manual',
      })
    fake.faults.add({ kind: 'echo-key', chunkBytes: 3, times: 1 })
    fake.faults.add({ kind: 'redirect', to: 'http://127.0.0.1:1/v1', times: 1 })
    const echoed = await ask()
    expect([echoed.status, await echoed.text()]).toEqual([400, expect.stringContaining('sk-right')])
    const moved = await ask()
    expect([moved.status, moved.headers.get('location')]).toEqual([307, 'http://127.0.0.1:1/v1'])
  })
})

describe('a fake Anthropic', () => {
  it('answers the official SDK', async () => {
    await using fake = await startFakeProvider({ kind: 'anthropic', key: 'sk-ant-right' })
    const client = new Anthropic({ baseURL: fake.url.replace(/\/v1$/, ''), apiKey: 'sk-ant-right', maxRetries: 0 })
    const question = { model: 'claude-haiku-4-5', max_tokens: 64, messages }
    const whole = await client.messages.create(question)
    const streamed = await client.messages.stream(question).finalMessage()
    expect(streamed.content).toMatchObject(whole.content)
    expect(streamed.stop_reason).toBe('end_turn')
    expect((await collect(client.models.list())).map((model) => model.id)).toContain('claude-haiku-4-5')
  })

  it('lists twenty models to a page, and asks for its version', async () => {
    const models = Array.from({ length: 45 }, (_, index) => `claude-${index}`)
    await using fake = await startFakeProvider({ kind: 'anthropic', models })
    const client = new Anthropic({ baseURL: fake.url.replace(/\/v1$/, ''), apiKey: 'any', maxRetries: 0 })
    expect((await collect(client.models.list())).map((model) => model.id)).toEqual(models)
    expect(fake.requests()).toHaveLength(3)
    expect((await fetch(`${fake.url}/models`)).status).toBe(400)
  })
})
