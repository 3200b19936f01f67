import type { RawHeaders } from '../lib/raw-headers.ts'
import { fieldLines } from './raw-answer.ts'

/** RFC 9112 section 7.1: ends a body without trailers. */
const LAST_CHUNK = Buffer.from('0\r\n\r\n', 'latin1')

export function lastChunk(trailers: RawHeaders | undefined): Uint8Array {
  return trailers === undefined ? LAST_CHUNK : Buffer.from(`0\r\n${fieldLines(trailers)}\r\n`, 'latin1')
}

/** One chunk in its frame, and what shall follow it, in one buffer; `chunk` is not empty. */
export function frameChunk(chunk: Uint8Array, followedBy: Uint8Array = NOTHING): Uint8Array {
  const size = chunk.length.toString(16)
  const frame = Buffer.allocUnsafe(size.length + chunk.length + 4 + followedBy.length)
  const start = frame.write(`${size}\r\n`, 0, 'latin1')
  frame.set(chunk, start)
  frame.write('\r\n', start + chunk.length, 'latin1')
  frame.set(followedBy, start + chunk.length + 2)
  return frame
}

const NOTHING = new Uint8Array(0)
