import { Buffer } from 'node:buffer'
import type { RawHeaders } from '../../lib/raw-headers.ts'
import { parseFieldLine, parseResponseHead, type ResponseHead } from './response-head.ts'

export interface ResponseEvents {
  info(status: number, headers: RawHeaders): void
  head(status: number, headers: RawHeaders): void
  data(chunk: Uint8Array): void
  /** `reusable`: the connection may carry another request. */
  end(trailers: RawHeaders, reusable: boolean): void
  /** After it, nothing more comes. */
  malformed(reason: string): void
}

type State =
  | 'head'
  | 'length'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'until-close'
  | 'over'
  | 'broken'

const HEAD_LIMIT = 64 * 1024
const CHUNK_LINE_LIMIT = 1024
const HEAD_END = Buffer.from('\r\n\r\n')
const EMPTY = Buffer.alloc(0)
const CR = 0x0d
const LF = 0x0a

/** Reads HTTP/1.1 responses (RFC 9112), one after the other. Pure: bytes in, events out; body pieces are not copied. */
export class ResponseParser {
  #state: State = 'over'
  #method = 'GET'
  #events: ResponseEvents
  #pending: Buffer = EMPTY
  #remaining = 0
  #keepAlive = true
  #trailers: string[] = []
  #trailerBytes = 0

  constructor(events: ResponseEvents) {
    this.#events = events
  }

  /** Makes ready for the answer to a request of this method. */
  expect(method: string, events: ResponseEvents): void {
    this.#method = method
    this.#events = events
    this.#state = 'head'
    this.#pending = EMPTY
    this.#trailers = []
    this.#trailerBytes = 0
  }

  feed(input: Buffer): void {
    const chunk = this.#pending.length === 0 ? input : Buffer.concat([this.#pending, input])
    this.#pending = EMPTY
    let at = 0
    while (at < chunk.length) {
      const next = this.#step(chunk, at)
      if (next < 0) {
        if (this.#state !== 'broken') this.#pending = at === 0 ? chunk : chunk.subarray(at)
        return
      }
      at = next
    }
  }

  /** The other side closed: an end where only that ends a body. False: it came too early. */
  close(): boolean {
    if (this.#state !== 'until-close') return this.#state === 'over'
    this.#finish(false)
    return true
  }

  /** Where to go on; -1 where more bytes are needed, or where the answer is broken. */
  #step(chunk: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#readHead(chunk, at)
      case 'length':
        return this.#readBody(chunk, at)
      case 'chunk-size':
        return this.#readChunkSize(chunk, at)
      case 'chunk-data':
        return this.#readBody(chunk, at)
      case 'chunk-end':
        return this.#readChunkEnd(chunk, at)
      case 'trailers':
        return this.#readTrailer(chunk, at)
      case 'until-close':
        this.#events.data(at === 0 ? chunk : chunk.subarray(at))
        return chunk.length
      case 'over':
        return this.#broken('bytes after the end of the answer')
      case 'broken':
        return chunk.length
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(HEAD_END, at)
    // The same whichever way the bytes were cut: a head that does not end within the limit is too large.
    if (end < 0 ? chunk.length - at >= HEAD_LIMIT : end - at + 4 > HEAD_LIMIT)
      return this.#broken('a head that is too large')
    if (end < 0) return -1
    const head = parseResponseHead(chunk.toString('latin1', at, end))
    if (typeof head === 'string') return this.#broken(head)
    // Upgrades go their own way, past this parser.
    if (head.status === 101) return this.#broken('an upgrade that nobody asked for')
    if (head.status < 200) {
      this.#events.info(head.status, head.headers)
      return end + 4
    }
    this.#begin(head, chunk.length - end - 4)
    return end + 4
  }

  #begin(head: ResponseHead, following: number): void {
    this.#keepAlive = head.keepAlive
    this.#state = this.#bodyState(head)
    const over = this.#state === 'over'
    if (over && following > 0 && this.#method !== 'HEAD') {
      this.#broken('bytes after an answer without a body')
      return
    }
    this.#events.head(head.status, head.headers)
    if (over) this.#finish(head.keepAlive && following === 0)
  }

  #bodyState(head: ResponseHead): State {
    if (this.#method === 'HEAD' || head.status === 204 || head.status === 304) return 'over'
    if (head.chunked) return 'chunk-size'
    if (head.contentLength === null) return 'until-close'
    this.#remaining = head.contentLength
    return head.contentLength === 0 ? 'over' : 'length'
  }

  /** A piece of a body of known length, or of one chunk. */
  #readBody(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining)
    this.#remaining -= end - at
    const ended = this.#remaining === 0
    if (ended && this.#state === 'length' && end < chunk.length)
      return this.#broken('an answer that is longer than its length')
    const piece = at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end)
    if (!ended) {
      this.#events.data(piece)
      return end
    }
    if (this.#state === 'chunk-data') {
      this.#state = 'chunk-end'
      this.#events.data(piece)
      return end
    }
    this.#state = 'over'
    this.#events.data(piece)
    this.#finish(this.#keepAlive)
    return end
  }

  #readChunkSize(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(LF, at)
    if (end < 0 ? chunk.length - at >= CHUNK_LINE_LIMIT : end - at >= CHUNK_LINE_LIMIT)
      return this.#broken('a chunk size that is too long')
    if (end < 0) return -1
    if (end === at || chunk[end - 1] !== CR) return this.#broken('a chunk size that ends in a bare line feed')
    const size = hexNumber(chunk, at, end - 1)
    if (size < 0) return this.#broken('a chunk size that is not a number')
    this.#remaining = size
    this.#state = size === 0 ? 'trailers' : 'chunk-data'
    return end + 1
  }

  #readChunkEnd(chunk: Buffer, at: number): number {
    if (chunk.length - at < 2 && chunk[at] === CR) return -1
    if (chunk[at] !== CR || chunk[at + 1] !== LF) return this.#broken('a chunk that is longer than its size')
    this.#state = 'chunk-size'
    return at + 2
  }

  #readTrailer(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(LF, at)
    const bytes = (end < 0 ? chunk.length : end) - at + 1
    if (this.#trailerBytes + bytes > HEAD_LIMIT) return this.#broken('trailers that are too large')
    if (end < 0) return -1
    this.#trailerBytes += bytes
    if (end === at || chunk[end - 1] !== CR) return this.#broken('a trailer that ends in a bare line feed')
    if (end === at + 1) {
      this.#state = 'over'
      if (chunk.length > end + 1) return this.#broken('bytes after the end of the answer')
      this.#finish(this.#keepAlive)
      return end + 1
    }
    const field = parseFieldLine(chunk.toString('latin1', at, end - 1))
    if (field === undefined) return this.#broken('a malformed trailer')
    this.#trailers.push(field[0], field[1])
    return end + 1
  }

  #finish(reusable: boolean): void {
    this.#state = 'over'
    this.#events.end(this.#trailers, reusable)
  }

  #broken(reason: string): number {
    this.#state = 'broken'
    this.#pending = EMPTY
    this.#events.malformed(reason)
    return -1
  }
}

/** A chunk size up to its extension; -1 where it is no number, or one that no chunk has. */
function hexNumber(chunk: Buffer, start: number, end: number): number {
  let size = 0
  let i = start
  for (; i < end; i++) {
    const digit = hexDigit(chunk[i] ?? 0)
    if (digit < 0) break
    size = size * 16 + digit
    if (i - start > 10) return -1
  }
  const next = chunk[i]
  return i === start || (i < end && next !== 0x3b && next !== 0x20 && next !== 0x09) ? -1 : size
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
