import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { vias } from '../system/harness/agent-before.ts'
import { EMBEDDER, MODEL, startGate, type Gate } from './gate.ts'

const messages = [{ role: 'user' as const, content: 'Why is the sky blue?' }]
const missing = 'nobody-has-this'

async function collect<Part>(parts: AsyncIterable<Part> | PromiseLike<AsyncIterable<Part>>): Promise<Part[]> {
  const collected: Part[] = []
  for await (const part of await parts) collected.push(part)
  return collected
}

/** Ways in which an Ollama ends a stream too early. */
const cuts = [
  ['tells an error', { kind: 'error-line', afterChunks: 3 }],
  ['breaks the connection inside a line', { kind: 'reset-mid-line', afterChunks: 3 }],
  ['just ends', { kind: 'clean-end', afterChunks: 3 }],
] as const

describe.each(vias)('via %s', (via) => {
  let gate: Gate
  beforeAll(async () => {
    gate = await startGate(via)
  })
  afterEach(() => gate.fake.faults.clear())
  afterAll(() => gate.stop())

  describe('ollama-js', () => {
    function client(key = gate.key, path = ''): Ollama {
      return new Ollama({ host: `${gate.url}${path}`, headers: { Authorization: `Bearer ${key}` } })
    }

    it('chats, whole and as a stream', async () => {
      const whole = await client().chat({ model: MODEL, messages })
      expect(whole.message.content).not.toBe('')
      const parts = await collect(client().chat({ model: MODEL, messages, stream: true }))
      expect(parts.length).toBeGreaterThan(2)
      expect(parts.at(-1)?.done).toBe(true)
    })
    it('generates', async () => {
      const parts = await collect(client().generate({ model: MODEL, prompt: 'Why?', stream: true }))
      expect(parts.at(-1)?.done_reason).toBe('stop')
    })
    it('embeds', async () => {
      expect((await client().embed({ model: EMBEDDER, input: ['a', 'b'] })).embeddings).toHaveLength(2)
    })
    it('lists and shows models', async () => {
      expect((await client().list()).models.map((model) => model.name)).toContain(MODEL)
      expect((await client().show({ model: MODEL })).capabilities).toContain('completion')
    })
    it('takes the key from the URL in place of the placeholder', async () => {
      const answer = await client('ollama', `/k/${gate.key}`).chat({ model: MODEL, messages })
      expect(answer.message.content).not.toBe('')
    })
    it('throws the reason on a wrong key and on an unknown model', async () => {
      await expect(client('crl_not_a_key').chat({ model: MODEL, messages })).rejects.toMatchObject({ status_code: 401 })
      const unknown = client().chat({ model: missing, messages })
      await expect(unknown).rejects.toMatchObject({ status_code: 404, error: expect.stringContaining(missing) })
    })
    it('may not change models with an ordinary key', async () => {
      await expect(client().delete({ model: MODEL })).rejects.toMatchObject({ status_code: 403 })
      expect((await client().list()).models.map((model) => model.name)).toContain(MODEL)
    })
    it.each(cuts)('throws when the upstream %s mid-stream', async (_, fault) => {
      gate.fake.faults.add(fault)
      await expect(collect(client().chat({ model: MODEL, messages, stream: true }))).rejects.toThrow(/./)
    })
  })

  describe('the OpenAI SDK', () => {
    function client(key = gate.key): OpenAI {
      return new OpenAI({ baseURL: `${gate.url}/v1`, apiKey: key, maxRetries: 0 })
    }

    it('chats, whole and as a stream', async () => {
      const whole = await client().chat.completions.create({ model: MODEL, messages })
      expect(whole.choices[0]?.message.content).toBeTruthy()
      const chunks = await collect(client().chat.completions.create({ model: MODEL, messages, stream: true }))
      expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('stop')
    })
    it('streams a response', async () => {
      const events = await collect(client().responses.create({ model: MODEL, input: 'Why?', stream: true }))
      expect(events.at(-1)?.type).toBe('response.completed')
    })
    it('embeds', async () => {
      const answer = await client().embeddings.create({ model: EMBEDDER, input: ['a', 'b'] })
      expect(answer.data).toHaveLength(2)
    })
    it('lists models', async () => {
      expect((await collect(client().models.list())).map((model) => model.id)).toContain(MODEL)
    })
    it('throws its own classes on a wrong key and on an unknown model', async () => {
      const wrong = client('crl_not_a_key').chat.completions.create({ model: MODEL, messages })
      await expect(wrong).rejects.toBeInstanceOf(OpenAI.AuthenticationError)
      const unknown = client().chat.completions.create({ model: missing, messages })
      await expect(unknown).rejects.toBeInstanceOf(OpenAI.NotFoundError)
      await expect(unknown).rejects.toThrow(missing)
    })
    it.each(cuts)('throws when the upstream %s mid-stream', async (_, fault) => {
      gate.fake.faults.add(fault)
      const stream = collect(client().chat.completions.create({ model: MODEL, messages, stream: true }))
      await expect(stream).rejects.toThrow(/./)
    })
    it.each(cuts)('sees a failed response when the upstream %s', async (_, fault) => {
      gate.fake.faults.add(fault)
      const events = await collect(client().responses.create({ model: MODEL, input: 'Why?', stream: true })).catch(
        () => 'thrown' as const,
      )
      expect(events === 'thrown' || events.at(-1)?.type === 'response.failed').toBe(true)
    })
    it('throws when an answer that does not stream breaks off', async () => {
      gate.fake.faults.add({ kind: 'reset-after-headers' })
      const answer = client().chat.completions.create({ model: MODEL, messages })
      await expect(answer).rejects.toBeInstanceOf(OpenAI.APIError)
    })
  })

  describe('the Anthropic SDK', () => {
    const question = { model: MODEL, max_tokens: 64, messages }
    function client(key = gate.key): Anthropic {
      return new Anthropic({ baseURL: gate.url, apiKey: key, maxRetries: 0 })
    }

    it('asks, whole and as a stream', async () => {
      expect((await client().messages.create(question)).content[0]).toMatchObject({ type: 'text' })
      expect((await client().messages.stream(question).finalMessage()).stop_reason).toBe('max_tokens')
    })
    it('counts tokens', async () => {
      const count = await client().messages.countTokens({ model: MODEL, messages })
      expect(count.input_tokens).toBeGreaterThan(0)
    })
    it('sends the key as x-api-key too, and both at once when they agree', async () => {
      const headers = { 'x-api-key': gate.key }
      const both = new Anthropic({ baseURL: gate.url, authToken: gate.key, apiKey: null, defaultHeaders: headers })
      expect((await both.messages.create(question)).content).toHaveLength(1)
    })
    it('throws its own classes on a wrong key and on an unknown model', async () => {
      const wrong = client('crl_not_a_key').messages.create(question)
      await expect(wrong).rejects.toBeInstanceOf(Anthropic.AuthenticationError)
      const unknown = client().messages.create({ ...question, model: missing })
      await expect(unknown).rejects.toBeInstanceOf(Anthropic.NotFoundError)
      await expect(unknown).rejects.toThrow(missing)
    })
    it.each(cuts)('throws when the upstream %s mid-stream', async (_, fault) => {
      gate.fake.faults.add(fault)
      await expect(collect(client().messages.create({ ...question, stream: true }))).rejects.toThrow(/./)
    })
  })

  describe('the requests of Open WebUI', () => {
    const bearer = (): Record<string, string> => ({ Authorization: `Bearer ${gate.key}` })

    it('verifies a connection and lists its models', async () => {
      const version = await fetch(`${gate.url}/api/version`, { headers: bearer() })
      expect(await version.json()).toMatchObject({ version: expect.any(String) })
      for (const path of ['/api/tags', '/api/ps', '/v1/models']) {
        expect((await fetch(`${gate.url}${path}`, { headers: bearer() })).status).toBe(200)
      }
    })
    it('streams a chat through a key in the URL, told about its user by headers', async () => {
      const response = await fetch(`${gate.url}/k/${gate.key}/api/chat`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-OpenWebUI-User-Name': 'Ada', 'X-OpenWebUI-User-Id': '1' },
        body: JSON.stringify({ model: MODEL, messages, stream: true }),
      })
      const lines = (await response.text()).trim().split('\n')
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ done: true })
    })
  })
})
