import type { ServerResponse } from 'node:http'
import type { RawHeaders } from '../lib/raw-headers.ts'
import { runtime } from '../lib/runtime.ts'
import type { ClientPort, ClientRequest } from '../proxy/client-port.ts'
import { frameChunk, lastChunk } from './chunk-frame.ts'
import type { Connection, OpenAnswer } from './connection.ts'
import type { Arrival, NodeBody } from './node-body.ts'
import { fieldLines } from './raw-answer.ts'

type AnswerState = 'waiting' | 'head' | 'body' | 'ended' | 'broken'

/**
 * node:http frames a chunk with four writes; framing it here makes it one. Elsewhere `chunkedEncoding` may be a mere
 * copy of what the runtime decided, and the body would be framed twice.
 */
const FRAMES_CHUNKS = runtime === 'node'

/** One exchange on a node:http connection. */
export class NodeClient implements ClientPort, OpenAnswer {
  readonly request: ClientRequest
  readonly #connection: Connection
  readonly #response: ServerResponse
  readonly #body: NodeBody | null
  /** An answer to HEAD, or 204 or 304: what it says about a body is kept, the body is not sent. */
  #isBodiless: boolean
  #state: AnswerState = 'waiting'
  #hasLeft = false
  #framesChunks = false
  /** Of the `Content-Length` that was announced; -1 without one. */
  #bytesLeft = -1
  /** Waits for the rest of its tick, so that a small answer leaves in one piece. */
  #first: Uint8Array | null = null
  #onDrain: (() => void) | null = null
  #watchesDrain = false
  #onGone: (() => void) | null = null

  constructor(arrival: Arrival, request: ClientRequest, body: NodeBody | null) {
    this.#connection = arrival.connection
    this.#response = arrival.response
    this.#body = body
    this.#isBodiless = request.method === 'HEAD'
    this.request = request
    arrival.connection.open(this, body)
  }

  get isUntouched(): boolean {
    return this.#state === 'waiting'
  }

  info(status: number, headers: RawHeaders): void {
    // 100 is said when the body is wanted, and nothing else is of use to a client; HTTP/1.0 knows none of them.
    if (status !== 103 || this.#state !== 'waiting' || this.request.httpVersion === '1.0') return
    this.#response.socket?.write(`HTTP/1.1 103 Early Hints\r\n${fieldLines(headers)}\r\n`, 'latin1')
  }

  head(status: number, headers: RawHeaders): void {
    if (this.#state !== 'waiting') return
    const closes = this.#readFraming(headers)
    const mustClose = !closes && (this.#connection.isRetiring || this.#body?.spoilsConnection === true)
    if (closes || mustClose) this.#connection.closeAfterAnswer()
    try {
      this.#response.writeHead(status, mustClose ? [...headers, 'connection', 'close'] : (headers as string[]))
    } catch {
      // A field that no answer can carry; it came from an upstream.
      return this.reset()
    }
    this.#state = 'head'
    if (status === 204 || status === 304) this.#isBodiless = true
    if (FRAMES_CHUNKS && this.#response.chunkedEncoding) {
      this.#response.chunkedEncoding = false
      this.#framesChunks = true
    }
    process.nextTick(flushHead, this)
  }

  data(chunk: Uint8Array): boolean {
    if (chunk.length === 0 || this.#isBodiless || (this.#state !== 'head' && this.#state !== 'body')) return true
    if (this.#bytesLeft >= 0) {
      // What goes beyond the announced length would be read as the next answer.
      if (chunk.length > this.#bytesLeft) this.reset()
      this.#bytesLeft -= chunk.length
      if (this.#bytesLeft < 0) return true
    }
    if (this.#state === 'head' && this.#first === null) {
      this.#first = chunk
      return true
    }
    this.flush()
    return this.#write(chunk)
  }

  end(trailers?: RawHeaders): void {
    if (this.#state !== 'head' && this.#state !== 'body') return
    // Less than was announced: nobody may take this for whole.
    if (this.#bytesLeft > 0 && !this.#isBodiless) return this.reset()
    this.#state = 'ended'
    this.#finish(trailers)
    this.#connection.settle(this)
    this.#body?.settle()
  }

  reset(): void {
    if (this.#state === 'ended' || this.#state === 'broken') return
    // What was passed before the break is the reader's.
    this.flush()
    const isCloseDelimited = this.#state !== 'waiting' && !this.#framesChunks && this.#bytesLeft < 0
    this.#state = 'broken'
    this.#body?.fail()
    if (isCloseDelimited) this.#connection.reset()
    else this.#connection.destroy()
    this.#connection.settle(this)
  }

  onDrain(listener: () => void): void {
    this.#onDrain = listener
  }

  onGone(listener: () => void): void {
    if (this.#hasLeft) process.nextTick(listener)
    else this.#onGone = listener
  }

  leave(): void {
    if (this.#state === 'ended' || this.#state === 'broken') return
    this.#state = 'broken'
    this.#hasLeft = true
    this.#onGone?.()
    this.#body?.fail()
  }

  /** Sends the head, and the first chunk where there is one. */
  flush(): void {
    if (this.#state !== 'head') return
    this.#state = 'body'
    const first = this.#first
    this.#first = null
    if (first === null) this.#response.flushHeaders()
    else this.#write(first)
  }

  #write(chunk: Uint8Array): boolean {
    const hasRoom = this.#response.write(this.#framesChunks ? frameChunk(chunk) : chunk)
    if (!hasRoom && !this.#watchesDrain) {
      this.#watchesDrain = true
      this.#response.on('drain', () => this.#onDrain?.())
    }
    return hasRoom
  }

  #finish(trailers: RawHeaders | undefined): void {
    const first = this.#first
    this.#first = null
    if (this.#framesChunks) {
      const last = lastChunk(trailers)
      this.#response.end(first === null ? last : frameChunk(first, last))
      return
    }
    if (trailers !== undefined && this.#response.chunkedEncoding) this.#response.addTrailers(pairs(trailers))
    if (first === null) this.#response.end()
    else this.#response.end(first)
  }

  /** Notes the announced length; whether the caller wants the connection closed. */
  #readFraming(headers: RawHeaders): boolean {
    let closes = false
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] ?? ''
      if (name.length === 14 && name.toLowerCase() === 'content-length') this.#bytesLeft = Number(headers[i + 1])
      else if (name.length === 10 && name.toLowerCase() === 'connection')
        closes = headers[i + 1]?.toLowerCase() === 'close'
    }
    return closes
  }
}

function flushHead(client: NodeClient): void {
  client.flush()
}

function pairs(headers: RawHeaders): [string, string][] {
  const found: [string, string][] = []
  for (let i = 0; i < headers.length; i += 2) found.push([headers[i] ?? '', headers[i + 1] ?? ''])
  return found
}
