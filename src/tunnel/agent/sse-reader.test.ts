import { describe, expect, it } from 'vitest'
import { SseReader } from './sse-reader.ts'

function reader(): { heard: unknown[]; read: SseReader } {
  const heard: unknown[] = []
  const read = new SseReader({
    batch: (bytes) => heard.push(Buffer.from(bytes).toString()),
    text: (text) => heard.push({ text }),
    closed: (code, reason) => heard.push({ code, reason }),
  })
  return { heard, read }
}

const data = (text: string): string => `id: 1\ndata: ${Buffer.from(text).toString('base64')}\n\n`

describe('the reader of an event stream', () => {
  const stream = `:${' '.repeat(2048)}\n\n${data('first')}: pong\n\n${data('second')}event: close\ndata: 4409 taken over\n\n`
  const expected = ['first', { text: 'pong' }, 'second', { code: 4409, reason: 'taken over' }]

  it.each([1, 2, 7, 5000])('hears the same however it is cut: %i bytes at a time', (size) => {
    const { heard, read } = reader()
    const bytes = Buffer.from(stream)
    for (let at = 0; at < bytes.length; at += size) read.feed(bytes.subarray(at, at + size))
    expect(heard).toEqual(expected)
  })

  it('takes lines that end as on another system, and comments that others wrote', () => {
    const { heard, read } = reader()
    read.feed(Buffer.from(`: keep-alive\r\n\r\n${data('one').replaceAll('\n', '\r\n')}`))
    expect(heard).toEqual(['one'])
  })

  it('bounds a line', () => {
    const { heard, read } = reader()
    for (let i = 0; i < 9; i += 1) read.feed(Buffer.alloc(64 * 1024, 'x'))
    expect(heard).toEqual([{ code: 4400, reason: 'an event of the gateway is too long' }])
  })
})
