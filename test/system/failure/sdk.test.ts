import Anthropic from '@anthropic-ai/sdk'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { FaultRule } from '../../fakes/fake-ollama/faults.ts'
import { type Scene, startScene } from './scene.ts'

let scene: Scene
beforeAll(async () => {
  scene = await startScene()
})
beforeEach(() => scene.reset())
afterAll(() => scene[Symbol.asyncDispose]())

const model = 'solo'
const messages = [{ role: 'user' as const, content: 'Why is the sky blue?' }]
const ollama = (): Ollama =>
  new Ollama({ host: scene.gateway.url, headers: { Authorization: `Bearer ${scene.gateway.adminKey}` } })
const openai = (): OpenAI =>
  new OpenAI({ baseURL: `${scene.gateway.url}/v1`, apiKey: scene.gateway.adminKey, maxRetries: 0 })
const anthropic = (): Anthropic =>
  new Anthropic({ baseURL: scene.gateway.url, apiKey: scene.gateway.adminKey, maxRetries: 0 })

async function drain(stream: PromiseLike<AsyncIterable<unknown>>): Promise<number> {
  let parts = 0
  for await (const _part of await stream) parts += 1
  return parts
}

const question = { model, max_tokens: 64, messages }

/** Every call of an official SDK that streams, read to its end. */
const streaming: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['ollama.chat', () => drain(ollama().chat({ model, messages, stream: true }))],
  ['ollama.generate', () => drain(ollama().generate({ model, prompt: 'Why?', stream: true }))],
  ['openai.chat.completions', () => drain(openai().chat.completions.create({ model, messages, stream: true }))],
  ['openai.chat.completions.stream', () => openai().chat.completions.stream({ model, messages }).finalContent()],
  ['openai.completions', () => drain(openai().completions.create({ model, prompt: 'Why?', stream: true }))],
  ['openai.responses', () => drain(openai().responses.create({ model, input: 'Why?', stream: true }))],
  ['openai.responses.stream', () => openai().responses.stream({ model, input: 'Why?' }).finalResponse()],
  ['anthropic.messages', () => drain(anthropic().messages.create({ ...question, stream: true }))],
  ['anthropic.messages.stream', () => anthropic().messages.stream(question).finalMessage()],
]

const answering: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['ollama.chat', () => ollama().chat({ model, messages })],
  ['ollama.embed', () => ollama().embed({ model, input: 'Why?' })],
  ['openai.chat.completions', async () => openai().chat.completions.create({ model, messages })],
  ['openai.responses', async () => openai().responses.create({ model, input: 'Why?' })],
  ['openai.embeddings', async () => openai().embeddings.create({ model, input: 'Why?' })],
  ['anthropic.messages', async () => anthropic().messages.create(question)],
]

const AFTER = { afterChunks: 3 }
const deaths: readonly (readonly [string, FaultRule])[] = [
  ['is reset inside a line', { kind: 'reset-mid-line', ...AFTER }],
  ['ends in good order inside a line', { kind: 'reset-mid-line', ...AFTER, ending: 'clean' }],
  ['is cut inside a character', { kind: 'cut-mid-utf8', ...AFTER }],
  ['stalls', { kind: 'stall-mid-stream', ...AFTER }],
  ['just ends', { kind: 'clean-end', ...AFTER }],
  ['tells an error', { kind: 'error-line', ...AFTER }],
  ['promises too little', { kind: 'content-length-too-short' }],
  ['is reset after its head', { kind: 'reset-after-headers' }],
  ['is a page', { kind: 'html-200' }],
]

/** What became of each call, for one look at all of them. */
async function outcomes(calls: typeof streaming): Promise<Record<string, string>> {
  const settled = await Promise.allSettled(calls.map(([, call]) => call()))
  return Object.fromEntries(
    settled.map(({ status, ...rest }, i) => [
      calls[i]?.[0] ?? '',
      status === 'rejected' ? 'raised' : `returned ${JSON.stringify(rest).slice(0, 300)}`,
    ]),
  )
}

const allRaised = (calls: typeof streaming): Record<string, string> =>
  Object.fromEntries(calls.map(([name]) => [name, 'raised']))

describe('the official SDKs', () => {
  it('take an answer for whole when it is', async () => {
    for (const calls of [streaming, answering]) {
      for (const outcome of Object.values(await outcomes(calls))) expect(outcome).toMatch(/^returned/)
    }
  })

  it.each(deaths)('raise when a stream %s', async (_name, fault) => {
    scene.a.faults.add(fault)
    expect(await outcomes(streaming)).toEqual(allRaised(streaming))
  })

  it.each(['reset-mid-line', 'cut-mid-utf8', 'stall-mid-stream', 'content-length-too-long', 'html-200'] as const)(
    'raise when an answer in one piece meets %s',
    async (kind) => {
      scene.a.faults.add({ kind, afterChunks: 0 })
      expect(await outcomes(answering)).toEqual(allRaised(answering))
    },
  )

  it('show the reason, each in its own way', async () => {
    scene.a.faults.add({ kind: 'clean-end', ...AFTER })
    for (const [name, call] of streaming) {
      await expect(call(), name).rejects.toThrow(/The upstream ended its answer before it was complete/)
    }
  })
})
