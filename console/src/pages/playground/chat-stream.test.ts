import { describe, expect, it } from 'vitest'
import { createLineReader, parseChatLine, tokensPerSecond } from './chat-stream.ts'

describe('lines of a stream', () => {
  it('come whole however they were cut', () => {
    const bytes = new TextEncoder().encode('{"a":"é€"}\n\n{"b":1}\r\n{"c":2}')
    for (let size = 1; size <= bytes.length; size++) {
      const reader = createLineReader()
      const lines: string[] = []
      for (let at = 0; at < bytes.length; at += size) lines.push(...reader.push(bytes.subarray(at, at + size)))
      lines.push(...reader.end())
      expect(lines.map((line) => line.trim())).toEqual(['{"a":"é€"}', '{"b":1}', '{"c":2}'])
    }
  })
})

describe('a line of a chat', () => {
  it('has text and thoughts', () => {
    expect(parseChatLine('{"message":{"role":"assistant","content":"<b>hi","thinking":"hm"},"done":false}')).toEqual({
      content: '<b>hi',
      thinking: 'hm',
      error: null,
      final: null,
    })
  })

  it('ends with what was counted', () => {
    const line = JSON.stringify({
      message: { content: '' },
      done: true,
      done_reason: 'stop',
      load_duration: 2_000_000,
      prompt_eval_count: 12,
      prompt_eval_duration: 30_000_000,
      eval_count: 50,
      eval_duration: 2_000_000_000,
    })
    const event = parseChatLine(line)
    expect(event?.final).toEqual({
      reason: 'stop',
      loadMs: 2,
      promptTokens: 12,
      promptMs: 30,
      answerTokens: 50,
      answerMs: 2000,
    })
    expect(event?.final && tokensPerSecond(event.final)).toBe(25)
  })

  it('says nothing of what was not counted', () => {
    const event = parseChatLine('{"done":true,"eval_count":"many"}')
    expect(event?.final).toMatchObject({ answerTokens: null, loadMs: null })
    expect(event?.final && tokensPerSecond(event.final)).toBeNull()
  })

  it('may be an error', () => {
    expect(parseChatLine('{"error":"the upstream broke off"}')?.error).toBe('the upstream broke off')
  })

  it.each(['nonsense', '[]', 'null', '"text"'])('is not %s', (line) => expect(parseChatLine(line)).toBeUndefined())
})
