import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { vias } from '../system/harness/agent-before.ts'
import { MODEL, startGate, type Gate } from './gate.ts'

const messages = [{ role: 'user' as const, content: 'Why is the sky blue?' }]
const chat = { model: MODEL, messages, stream: true } as const
const usage = { include_usage: true }

/** What an SDK made of a stream, and the bytes that it was sent. */
interface Seen {
  readonly events: readonly unknown[]
  readonly bytes: string
}

/** Where an SDK asks: the gateway, or the Ollama behind it. */
interface Target {
  readonly url: string
  readonly key: string
}

type Ask = (target: Target, fetching: typeof fetch) => PromiseLike<AsyncIterable<unknown>>

async function see(target: Target, ask: Ask): Promise<Seen> {
  let bytes: Promise<string> | undefined
  const events: unknown[] = []
  const fetching: typeof fetch = async (input, init) => {
    const response = await fetch(input, init)
    if (response.body === null) return response
    const [own, copy] = response.body.tee()
    bytes = new Response(copy).text()
    return new Response(own, response)
  }
  for await (const event of await ask(target, fetching)) events.push(event)
  // All in it that is of its own time.
  const text = JSON.stringify({ events, bytes: await bytes })
  return JSON.parse(text.replaceAll(/(\\?"(?:created|created_at|completed_at)\\?":)\d+/g, '$10')) as Seen
}

const openai = ({ url, key }: Target, fetching: typeof fetch): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0, fetch: fetching })

const asked: readonly (readonly [string, Ask])[] = [
  ['a chat', (...to) => openai(...to).chat.completions.create(chat)],
  ['a chat with counts', (...to) => openai(...to).chat.completions.create({ ...chat, stream_options: usage })],
  [
    'a chat that says no',
    (...to) => openai(...to).chat.completions.create({ ...chat, stream_options: { include_usage: false } }),
  ],
  ['a chat with null', (...to) => openai(...to).chat.completions.create({ ...chat, stream_options: null })],
  ['a completion', (...to) => openai(...to).completions.create({ model: MODEL, prompt: 'Why?', stream: true })],
  [
    'a completion with counts',
    (...to) => openai(...to).completions.create({ model: MODEL, prompt: 'Why?', stream: true, stream_options: usage }),
  ],
  ['a response', (...to) => openai(...to).responses.create({ model: MODEL, input: 'Why?', stream: true })],
  [
    'a message',
    ({ url, key }, fetching) =>
      new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0, fetch: fetching }).messages.create({
        ...{ model: MODEL, messages, max_tokens: 20, stream: true },
      }),
  ],
]

describe.each(vias)('via %s', (via) => {
  let gate: Gate
  beforeAll(async () => {
    gate = await startGate(via)
  })
  afterAll(() => gate.stop())

  it.each(asked)('an SDK is sent, byte for byte, what Ollama would have sent it: %s', async (name, ask) => {
    const direct = await see({ url: gate.fake.url, key: 'none' }, ask)
    const through = await see({ url: gate.url, key: gate.key }, ask)
    expect(through.bytes).toBe(direct.bytes)
    expect(through.events).toEqual(direct.events)
    expect(direct.events.length).toBeGreaterThan(2)
    expect(/"usage":\{/.test(through.bytes)).toBe(/counts|response|message/.test(name))
  })
})
