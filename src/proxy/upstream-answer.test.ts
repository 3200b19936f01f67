import { describe, expect, it } from 'vitest'
import { dialects } from '../dialects/dialects.ts'
import type { StreamFormat } from '../dialects/stream-format.ts'
import { V1 } from './__fixtures__/routes.ts'
import { headerValue } from '../lib/raw-headers.ts'
import { UpstreamAnswer } from './upstream-answer.ts'

const SSE: StreamFormat = { framing: 'sse', dialect: 'openai' }
const HEADERS = ['Content-Type', 'text/event-stream', 'Content-Length', '400', 'X-Other', 'Content-Length']

function answerOf(format: StreamFormat | null, { headers = HEADERS, status = 200 } = {}): UpstreamAnswer {
  return new UpstreamAnswer({ upstream: 'a', model: 'm', status, headers }, { route: V1, format, dialects })
}

describe('UpstreamAnswer', () => {
  it('passes no length on where less will pass, and knows that there was one', () => {
    const hidden = answerOf({ ...SSE, hidesUsage: true })
    expect(hidden.headers).toEqual(['Content-Type', 'text/event-stream', 'X-Other', 'Content-Length'])
    expect(hidden.hasFixedLength).toBe(true)
  })

  it.each([
    ['the client asked', answerOf(SSE)],
    ['it is an error', answerOf({ ...SSE, hidesUsage: true }, { status: 400 })],
    [
      'it is one whole',
      answerOf({ ...SSE, hidesUsage: true }, { headers: ['Content-Type', 'application/json', 'Content-Length', '9'] }),
    ],
  ])('passes its length on where all will pass: %s', (_name, answer) => {
    expect(headerValue(answer.headers, 'content-length')).toBeDefined()
  })

  it.each([
    ['responses', 'event: response.created\ndata: {"tools":[{"usage":{"input_tokens":1,"output_tokens":1}}]}\n\n'],
    ['ollama', '{"message":{"tool_calls":[{"function":{"arguments":{"eval_count":1}}}]},"done":false}\n'],
  ] as const)('takes nothing for counts that comes before them: %s', (dialect, text) => {
    const format = { framing: dialect === 'ollama' ? 'ndjson' : 'sse', dialect } as const
    const head = { upstream: 'a', model: 'm', status: 200, headers: [] }
    const answer = new UpstreamAnswer(head, { route: { ...V1, dialect }, format, dialects })
    answer.pass(Buffer.from(text))
    expect(answer.facts().usage).toBeNull()
  })
})
