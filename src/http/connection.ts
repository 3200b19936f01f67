import type { Socket } from 'node:net'
import type { RawHeaders } from '../lib/raw-headers.ts'
import { runtime } from '../lib/runtime.ts'
import type { ClientOrigin } from './client-address.ts'

export interface ConnectionLimits {
  /** Silence in the middle of a request body that is waited for. */
  readonly bodyIdleMs: number
  /** How long a connection that was told to close may still send what nobody reads. */
  readonly lingerMs: number
  /** How much of a body nobody wants any more is read, so that the connection survives. */
  readonly drainBytes: number
  /** Requests that may be under way at once, by pipelining. */
  readonly maxPipelined: number
}

/** An answer that has not ended. */
export interface OpenAnswer {
  /** Whether the client has seen nothing of it yet. */
  readonly isUntouched: boolean
  /** The client is gone, or its request turned out to be broken. */
  leave(): void
}

export interface Upload {
  /** Whether it is the client's turn to send. */
  readonly isAwaited: boolean
  readonly hasArrived: boolean
  /** Bytes of the body so far. */
  readonly received: number
  timeOut(): void
}

/** Below this in one idle period, a body is taken for a way to hold the connection. */
const MIN_BYTES_PER_PERIOD = 512

/** One socket: what is under way on it, and how it ends. */
export class Connection {
  readonly limits: ConnectionLimits
  readonly originOf: (headers: RawHeaders) => ClientOrigin
  readonly #socket: Socket
  /** Oldest first: the order in which they are answered. */
  readonly #answers: OpenAnswer[] = []
  #upload: Upload | null = null
  #isClosing = false
  #isRetiring = false
  #hasLeftHttp = false
  #outlastsStop = false
  #closeAt = Infinity
  #drainBy = Infinity
  #periodStart = Date.now()
  #lastProgress = this.#periodStart
  #bytesAtStart = 0
  #bytesSeen = 0

  constructor(socket: Socket, limits: ConnectionLimits, originOf: (headers: RawHeaders) => ClientOrigin) {
    this.#socket = socket
    this.limits = limits
    this.originOf = originOf
    // node:http ends the last answer of a connection with this; a plain close while the client still sends would
    // reset the connection and take the answer with it (RFC 9112 section 9.6).
    socket.destroySoon = () => this.linger()
    socket.on('error', () => {})
    socket.on('end', () => this.#left())
    socket.on('close', () => this.#left())
  }

  /** No request that comes after is to be looked at. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  get isRetiring(): boolean {
    return this.#isRetiring
  }

  get isIdle(): boolean {
    return this.#answers.length === 0
  }

  get isFull(): boolean {
    return this.#answers.length >= this.limits.maxPipelined
  }

  /** Whether a request that is under way has come in full, so that what follows it is not part of it. */
  get hasWholeRequest(): boolean {
    return this.#answers.length > 0 && this.#upload?.hasArrived !== false
  }

  /** Whether an answer written straight to the socket would be read as the answer to the request being read. */
  get canAnswer(): boolean {
    const [first, second] = this.#answers
    return this.#socket.writable && second === undefined && (first === undefined || first.isUntouched)
  }

  open(answer: OpenAnswer, upload: Upload | null): void {
    this.#answers.push(answer)
    this.#upload = upload
  }

  /** The answer has ended, and is written; its request body may still be coming. */
  settle(answer: OpenAnswer): void {
    const index = this.#answers.indexOf(answer)
    if (index >= 0) this.#answers.splice(index, 1)
    if (this.#isClosing && this.isIdle && !this.#socket.destroyed) this.linger()
  }

  /** What is under way is the last of it. */
  closeAfterAnswer(): void {
    this.#isClosing = true
    this.#isRetiring = true
  }

  /** The next answer that begins shall be the last one. */
  retire(): void {
    if (!this.#outlastsStop) this.#isRetiring = true
  }

  /** Neither retired nor closed for being idle; only `destroyAll` of the set still ends it from here. */
  outlastStop(): void {
    this.#outlastsStop = true
  }

  /** What is left of a body is thrown away, for a moment; whether that is over, `restArrived` says. */
  drainRest(): void {
    this.#drainBy = Date.now() + this.limits.lingerMs
  }

  restArrived(): void {
    this.#drainBy = Infinity
  }

  /** Sends what is written, says goodbye, and reads on for a moment so that the goodbye arrives. */
  linger(): void {
    this.#isClosing = true
    if (this.#closeAt !== Infinity) return
    this.#closeAt = Date.now() + this.limits.lingerMs
    this.#socket.end()
  }

  /** For answers to what is not a request; nothing else is under way. */
  answerAndClose(bytes: Uint8Array): void {
    this.#isClosing = true
    this.#dismiss()
    this.#socket.write(bytes)
    this.linger()
  }

  destroy(): void {
    this.#isClosing = true
    this.#uncork()
    this.#socket.destroy()
  }

  /** Unlike `destroy`, cannot be taken for the end of an answer that has no length. */
  reset(): void {
    this.#isClosing = true
    this.#uncork()
    try {
      this.#socket.resetAndDestroy()
    } catch {
      // Not every kind of socket can.
      this.#socket.destroy()
    }
  }

  /** Whoever takes the socket sees to its end; only `destroyAll` of the set still reaches it. */
  leaveHttp(): Socket {
    this.#hasLeftHttp = true
    this.#isClosing = true
    Reflect.deleteProperty(this.#socket, 'destroySoon')
    return this.#socket
  }

  closeIfIdle(): void {
    if (!this.isIdle || this.#hasLeftHttp || this.#outlastsStop) return
    if (this.#socket.writableLength === 0) this.destroy()
    else this.linger()
  }

  /** Called every so often with the same clock; timers of its own would cost every request. */
  sweep(now: number): void {
    if (this.#hasLeftHttp) return
    if (now >= this.#closeAt) {
      // A slow reader gets what was written before the goodbye is waited for.
      if (this.#socket.writableFinished || now >= this.#closeAt + STALLED_GOODBYE_MS) this.#socket.destroy()
      return
    }
    if (now >= this.#drainBy && this.isIdle) return this.linger()
    if (this.#upload?.isAwaited !== true) {
      this.#restartPeriod(now)
      return
    }
    const bytes = this.#bytesRead()
    if (bytes !== this.#bytesSeen) {
      this.#bytesSeen = bytes
      this.#lastProgress = now
    }
    const isSilent = now - this.#lastProgress >= this.limits.bodyIdleMs
    const periodIsOver = now - this.#periodStart >= 2 * this.limits.bodyIdleMs
    if (isSilent || (periodIsOver && bytes - this.#bytesAtStart < MIN_BYTES_PER_PERIOD)) this.#upload.timeOut()
    if (periodIsOver) this.#restartPeriod(now)
  }

  /** Bun's sockets do not count. */
  #bytesRead(): number {
    return runtime === 'bun' ? (this.#upload?.received ?? 0) : this.#socket.bytesRead
  }

  #restartPeriod(now: number): void {
    this.#periodStart = now
    this.#lastProgress = now
    this.#bytesSeen = this.#bytesRead()
    this.#bytesAtStart = this.#bytesSeen
  }

  /** node:http holds what is written until its tick is over; what ends sooner would take it along. */
  #uncork(): void {
    while (this.#socket.writableCorked > 0) this.#socket.uncork()
  }

  #left(): void {
    if (this.#answers.length > 0) {
      this.#dismiss()
      this.#socket.destroy()
    }
  }

  #dismiss(): void {
    for (const answer of this.#answers.splice(0)) answer.leave()
  }
}

/** For a reader that has stopped in the middle of its last answer. */
const STALLED_GOODBYE_MS = 300_000
