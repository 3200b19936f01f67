import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dialects } from '../dialects/dialects.ts'
import type { StreamFormat } from '../dialects/stream-format.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { LONGEST_HELD_BYTES } from './line-gate.ts'
import { StreamWatch } from './stream-watch.ts'
import { findUsage } from './usage-search.ts'

const FORMAT: StreamFormat = { framing: 'sse', dialect: 'openai', hidesUsage: true }
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

/** What a client gets of a stream that comes in pieces of these sizes, in turn. */
function passed(text: string, sizes: readonly number[]): { readonly text: string; readonly watch: StreamWatch } {
  const watch = new StreamWatch(FORMAT, dialects)
  const bytes = encode(text)
  const got: Uint8Array[] = []
  let turn = 0
  for (let at = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    got.push(watch.push(bytes.subarray(at, at + size)).slice())
    at += size
  }
  got.push(watch.rest())
  return { text: Buffer.concat(got).toString(), watch }
}

const TEXT = '{"id":"c-1","choices":[{"index":0,"delta":{"content":"\\"usage\\":null blé 🐑"},"finish_reason":null}]}'
const COUNTS = '{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}'
const DONE = 'data: [DONE]\n\n'
const line = (json: string): string => `data: ${json}\n\n`

/** A stream as it comes where it was asked for counts, and as the client is to get it. */
const streams: readonly (readonly [string, string, string])[] = [
  ['Ollama', line(TEXT) + line(`{"id":"c-1","choices":[],"usage":${COUNTS}}`) + DONE, line(TEXT) + DONE],
  [
    'Ollama, completions',
    line(`{"choices":[{"text":"a"}],"usage":{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}}`) +
      line(`{"choices":[],"usage":${COUNTS}}`) +
      DONE,
    line('{"choices":[{"text":"a"}]}') + DONE,
  ],
  [
    'OpenAI',
    line('{"choices":[{"delta":{}}],"usage":null,"obfuscation":"ab"}') +
      line(`{"choices":[],"usage":${COUNTS},"obfuscation":""}`) +
      DONE,
    line('{"choices":[{"delta":{}}],"obfuscation":"ab"}') + DONE,
  ],
  [
    'a server in Python, with its spaces',
    'data: {"choices": [{"delta": {}}], "usage": null}\r\n\r\ndata: {"choices": [], "usage": {"prompt_tokens": 7}}\r\n\r\ndata: [DONE]\r\n\r\n',
    'data: {"choices": [{"delta": {}}]}\r\n\r\ndata: [DONE]\r\n\r\n',
  ],
  ['a null first', line('{"usage":null,"choices":[{}]}') + DONE, line('{"choices":[{}]}') + DONE],
  ['no list of choices', line(`{"usage":${COUNTS},"choices":null}`) + DONE, DONE],
  ['no space', `data:{"choices":[],"usage":${COUNTS}}\n\n${DONE}`, DONE],
  [
    'comments between',
    `: wait\n\n${line(`{"choices":[],"usage":${COUNTS}}`)}: wait\n\n${DONE}`,
    `: wait\n\n: wait\n\n${DONE}`,
  ],
  ['two events of counts', line(`{"choices":[],"usage":${COUNTS}}`).repeat(2) + DONE, DONE],
  [
    'an event with a name, whose end has to stay',
    `event: x\ndata: {"choices":[],"usage":${COUNTS}}\n\n${DONE}`,
    `event: x\n\n${DONE}`,
  ],
  [
    'a line too long to be held',
    line(`{"choices":[{"delta":{"content":"${'x'.repeat(LONGEST_HELD_BYTES)}"}}],"usage":null}`) +
      line(`{"choices":[],"usage":${COUNTS}}`) +
      DONE,
    line(`{"choices":[{"delta":{"content":"${'x'.repeat(LONGEST_HELD_BYTES)}"}}],"usage":null}`) + DONE,
  ],
]

/** What nobody asked for stays, and so does what is no count at all. */
const untouched = [
  line(`{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":${COUNTS}}`),
  line(`{"choices":[{"delta":{}}],"x_groq":{"usage":${COUNTS}}}`),
  line('{"choices":[{"logprobs":{"content":[{"token":"usage","top":{"usage":null}}]}}]}'),
  line(`{"response":"a","usage":${COUNTS}}`),
  line('{"choices":[],"usage":"none"}'),
  line('{"choices":[],"prompt_filter_results":[]}'),
  'data: {"choices":[],\ndata: "usage":{}}\n\n',
  `event: x\n{"choices":[],"usage":${COUNTS}}\n\n`,
  line('{"error":{"message":"boom"}}'),
  'data: [DONE]',
]

const hostile = fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 400 })), {
  minLength: 1,
  maxLength: 12,
})

describe('UsageFilter', () => {
  it.each(streams)('takes out what the gateway asked for, in any chunking: %s', (_name, stream, expected) => {
    fc.assert(
      fc.property(fc.oneof(hostile, fc.constant([stream.length])), (sizes) => {
        const got = passed(stream, sizes)
        expect(got.text).toBe(expected)
        expect(got.watch.meaning()).toBe('complete')
      }),
      { numRuns: stream.length > 10_000 ? 5 : 100 },
    )
  })

  it.each(streams.slice(0, 3))('reads the counts that it takes out: %s', (_name, stream) => {
    fc.assert(
      fc.property(hostile, (sizes) => {
        const usage = dialects.tokenUsage('openai', passed(stream, sizes).watch.tailText())
        expect(usage).toMatchObject({ promptTokens: 7, completionTokens: 3 })
      }),
    )
  })

  it.each(untouched)('leaves %j as it is', (stream) => {
    for (const sizes of [[1], [7], [stream.length]]) expect(passed(stream + DONE, sizes).text).toBe(stream + DONE)
  })

  it('gives the very chunk that came where there is nothing to take out', () => {
    const watch = new StreamWatch(FORMAT, dialects)
    const chunk = encode(line(TEXT))
    expect(watch.push(chunk)).toBe(chunk)
  })

  it('leaves a stream that was cut anywhere at a place where its client hears of it', () => {
    const cut = new GatewayError('upstream_truncated')
    const stream = line('{"choices":[{"text":"a"}]}') + line(`{"choices":[],"usage":${COUNTS}}`) + DONE
    const without = line('{"choices":[{"text":"a"}]}')
    for (let length = 0; length < stream.indexOf('[DONE]'); length++) {
      const { text, watch } = passed(stream.slice(0, length), [5])
      expect(watch.meaning()).toBe('more')
      const told = text + new TextDecoder().decode(watch.lastWords(cut))
      expect(without.startsWith(text)).toBe(true)
      expect(told).toMatch(/^(?:\n|[^]*\n\n)?data: \{"error":[^\n]*\n\n$/)
    }
  })
})

describe('findUsage', () => {
  it('finds the name wherever it stands', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('"', 'u', 's', 'a', 'g', 'e', ':', '"usage":', 'x') }), (text) => {
        expect(findUsage(encode(text))).toBe(text.indexOf('"usage":'))
      }),
      { numRuns: 2000 },
    )
  })
})
