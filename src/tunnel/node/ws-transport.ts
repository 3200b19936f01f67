import { randomBytes } from 'node:crypto'
import WebSocket from 'ws'
import { closeCodes } from '../wire/codes.ts'
import type { Transport, TransportEvents } from '../wire/transport.ts'

/** Of one message: a batch of 256 KiB and what is around it. */
export const MAX_MESSAGE_BYTES = 300 * 1024
const MAX_TEXT_BYTES = 16
/** Below this, `buffered` is small again. */
const SMALL_BUFFER_BYTES = 128 * 1024
/** How long the other side may take to say goodbye too. */
export const CLOSE_MS = 2_000
/** RFC 6455 section 5.5: a close frame has 125 bytes, two of which are its code. */
const MAX_REASON_BYTES = 123
const GONE = 1006

/** An open WebSocket as a transport, for either end. Nothing is read from it before `listen`. */
export function wsTransport(socket: WebSocket): Transport & { readonly id: string } {
  return new WsTransport(socket)
}

interface Ending {
  readonly code: number
  readonly reason: string
}

class WsTransport implements Transport {
  readonly kind = 'ws'
  readonly id = randomBytes(16).toString('base64url')
  readonly #socket: WebSocket
  #events: TransportEvents | null = null
  /** Why it ends; known before the socket has closed. */
  #ending: Ending | null = null
  #hasClosed = false
  /** More is buffered than left at once. */
  #isWaiting = false
  #goodbye: NodeJS.Timeout | undefined

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.binaryType = 'nodebuffer'
    socket.pause()
    socket.on('message', (data: Buffer, isBinary: boolean) => this.#received(data, isBinary))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', (code, reason) => this.#closed({ code, reason: reason.toString() }))
  }

  listen(events: TransportEvents): void {
    this.#events = events
    this.#socket.resume()
    const ending = this.#ending
    if (this.#hasClosed && ending !== null) queueMicrotask(() => events.closed(ending.code, ending.reason))
  }

  send(batch: Uint8Array): void {
    this.#send(batch, true)
  }

  sendText(text: 'ping' | 'pong'): void {
    this.#send(text, false)
  }

  buffered(): number {
    return this.#socket.bufferedAmount
  }

  close(code: number, reason: string): void {
    if (this.#ending !== null) return
    this.#ending = { code, reason }
    this.#socket.resume()
    this.#socket.close(code, cut(reason))
    this.#awaitGoodbye()
  }

  #send(data: Uint8Array | string, binary: boolean): void {
    if (this.#ending !== null || this.#socket.readyState !== WebSocket.OPEN) return
    this.#socket.send(data, { binary }, () => this.#left())
    this.#isWaiting ||= this.#socket.bufferedAmount > 0
  }

  #left(): void {
    if (!this.#isWaiting || this.#ending !== null || this.#socket.bufferedAmount >= SMALL_BUFFER_BYTES) return
    this.#isWaiting = false
    this.#events?.drained()
  }

  #received(data: Buffer, isBinary: boolean): void {
    if (this.#ending !== null) return
    if (isBinary) this.#events?.batch(data)
    else if (data.length > MAX_TEXT_BYTES) this.close(closeCodes.PROTOCOL, 'A text message is longer than 16 bytes')
    else this.#events?.text(data.toString())
  }

  /** What is no WebSocket any more: `ws` has begun to close by itself, and says so to the other side. */
  #fail(error: Error): void {
    this.#ending ??= { code: GONE, reason: error.message }
    this.#awaitGoodbye()
  }

  #awaitGoodbye(): void {
    // A peer that has stopped reading never says goodbye, and what is buffered for it would stay.
    this.#goodbye ??= setTimeout(() => this.#socket.terminate(), CLOSE_MS)
  }

  #closed(ending: Ending): void {
    clearTimeout(this.#goodbye)
    this.#ending ??= ending
    this.#hasClosed = true
    this.#events?.closed(this.#ending.code, this.#ending.reason)
  }
}

/** At most as many bytes as a close frame can carry, and no half character. */
function cut(reason: string): string {
  const bytes = Buffer.from(reason)
  if (bytes.length <= MAX_REASON_BYTES) return reason
  return new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES), { stream: true })
}
