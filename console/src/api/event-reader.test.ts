import { describe, expect, it } from 'vitest'
import { createEventReader } from './event-reader.ts'

const STREAM =
  'retry: 1000\n\nevent: hello\ndata: {"a":1}\n\n: still here\n\ndata: one\ndata: two\r\n\r\nevent: cut\ndata: x'

describe('the event reader', () => {
  it('gives events as they become whole, without comments and what has not ended', () => {
    expect(createEventReader().read(STREAM)).toEqual([
      { event: 'hello', data: '{"a":1}' },
      { event: 'message', data: 'one\ntwo' },
    ])
  })

  it('gives the same wherever the stream is cut', () => {
    const whole = createEventReader().read(STREAM)
    for (let size = 1; size < 12; size++) {
      const reader = createEventReader()
      const found = []
      for (let at = 0; at < STREAM.length; at += size) found.push(...reader.read(STREAM.slice(at, at + size)))
      expect(found).toEqual(whole)
    }
  })
})
