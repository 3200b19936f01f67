import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StreamFormat } from '../dialects/stream-format.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { dialects } from '../dialects/dialects.ts'
import { StreamWatch } from './stream-watch.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)
const cut = new GatewayError('upstream_truncated')

const ndjson: StreamFormat = { framing: 'ndjson', dialect: 'ollama' }
const openai: StreamFormat = { framing: 'sse', dialect: 'openai' }
const anthropic: StreamFormat = { framing: 'sse', dialect: 'anthropic' }
const responses: StreamFormat = { framing: 'sse', dialect: 'responses' }

function follow(format: StreamFormat, text: string, size = text.length): StreamWatch {
  const watch = new StreamWatch(format, dialects)
  const bytes = encode(text)
  for (let at = 0; at < bytes.length; at += size) watch.push(bytes.subarray(at, at + size))
  return watch
}

const complete: Array<[string, StreamFormat, string]> = [
  [
    'a generation',
    ndjson,
    '{"response":"a","done":false}\n{"response":"","done":true,"prompt_eval_count":7,"eval_count":3}\n',
  ],
  ['a pull', ndjson, '{"status":"pulling manifest"}\n{"status":"success"}\n'],
  [
    'a chat completion',
    openai,
    'data: {"choices":[]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}\n\ndata: [DONE]\n\n',
  ],
  [
    'a message',
    anthropic,
    'event: message_start\ndata: {"usage":{"input_tokens":2,"output_tokens":0}}\n\nevent: message_delta\ndata: {"usage":{"input_tokens":7,"output_tokens":3}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
  ],
  [
    'a response',
    responses,
    'event: response.created\ndata: {"sequence_number":0}\n\nevent: response.completed\ndata: {"usage":{"input_tokens":7,"output_tokens":3}}\n\n',
  ],
]

describe('StreamWatch', () => {
  it.each(complete)('knows %s as complete in any chunking, and reads its counts', (_name, format, text) => {
    for (let size = 1; size <= text.length; size++) {
      const watch = follow(format, text, size)
      expect(watch.meaning()).toBe('complete')
      expect(watch.rest().length).toBe(0)
    }
    if (!text.includes('success'))
      expect(dialects.tokenUsage(format.dialect, follow(format, text).tailText())).toMatchObject({
        promptTokens: 7,
        completionTokens: 3,
      })
  })

  it.each(complete)('knows %s as cut wherever it is cut before its end', (_name, format, text) => {
    const marks = { ollama: '\n', openai: 'data: ', anthropic: 'event: ', responses: 'event: ' }
    const lastStart = text.trimEnd().lastIndexOf(marks[format.dialect])
    fc.assert(
      fc.property(fc.integer({ min: 0, max: lastStart }), (length) => {
        const watch = follow(format, text.slice(0, length))
        watch.rest()
        expect(watch.meaning()).toBe('more')
      }),
    )
  })

  it('knows an error line as the upstream having said so itself', () => {
    expect(follow(ndjson, '{"response":"a"}\n{"error":"boom"}\n').meaning()).toBe('failed')
    expect(follow(openai, 'data: {"error":{"message":"boom"}}\n\n').meaning()).toBe('failed')
    expect(follow(anthropic, 'event: error\ndata: {}\n\n').meaning()).toBe('failed')
  })

  it('is not deceived by a model that writes terminators as text', () => {
    expect(follow(ndjson, '{"response":"\\"done\\":true","done":false}\n').meaning()).toBe('more')
    expect(follow(openai, 'data: {"choices":[{"delta":{"content":"\\ndata: [DONE]\\n"}}]}\n\n').meaning()).toBe('more')
    expect(
      dialects.tokenUsage(
        'openai',
        follow(openai, 'data: {"x":"\\"usage\\":{\\"completion_tokens\\":99}"}\n\n').tailText(),
      ).completionTokens,
    ).toBeNull()
  })

  it('reads `done` of a final line that is longer than what may be held', () => {
    const context = Array.from({ length: 40_000 }, (_, i) => i).join(',')
    const line = `{"response":"","done":true,"context":[${context}],"prompt_eval_count":5,"eval_count":9}\n`
    for (const size of [1, 1400, 65_536, line.length]) {
      const watch = follow(ndjson, `{"response":"a","done":false}\n${line}`, size)
      expect(watch.meaning()).toBe('complete')
      expect(dialects.tokenUsage('ollama', watch.tailText())).toMatchObject({ promptTokens: 5, completionTokens: 9 })
    }
  })

  it('tells a failure between lines, inside an event and inside a line so that each client hears it', () => {
    expect(decode(follow(ndjson, '{"response":"a"}\n{"resp').lastWords(cut))).toBe(`{"error":"${cut.message}"}\n`)
    expect(decode(follow(openai, 'data: {}\n\n').lastWords(cut))).toMatch(/^data: \{"error":\{"message"/)
    expect(decode(follow(anthropic, 'event: content_block_delta\n').lastWords(cut))).toMatch(/^\nevent: error\ndata: /)
    expect(decode(follow(openai, `data: ${'x'.repeat(70_000)}`).lastWords(cut))).toMatch(/^\n\ndata: \{"error"/)
    expect(follow(ndjson, 'x'.repeat(70_000)).lastWords(cut)).toBeUndefined()
  })

  it('continues the numbering of a response that failed', () => {
    const words = decode(
      follow(
        responses,
        'event: response.created\ndata: {"sequence_number":4,"response":{"id":"resp_1"}}\n\n',
      ).lastWords(cut),
    )
    const data = JSON.parse(words.slice(words.indexOf('data: ') + 6)) as {
      sequence_number: number
      error: unknown
      response: { id: string }
    }
    expect(words).toMatch(/^event: response\.failed\n/)
    expect(data.sequence_number).toBe(5)
    expect(data.response.id).toBe('resp_1')
    expect(data.error).toBeDefined()
  })
})
