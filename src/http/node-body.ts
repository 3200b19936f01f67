import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BodyControl, BodyFailure, BodyReceiver, BodyStream } from '../proxy/upstream.ts'
import type { Connection, Upload } from './connection.ts'

/** A request as node:http hands it out. */
export interface Arrival {
  readonly connection: Connection
  readonly message: IncomingMessage
  readonly response: ServerResponse
  /** The client waits for `100 Continue` before it sends. */
  readonly expectsContinue: boolean
}

type BodyState = 'waiting' | 'flowing' | 'paused' | 'discarded' | 'over'

/** A request body as it arrives. Nothing is read before somebody wants it, nor is `100 Continue` said. */
export class NodeBody implements BodyStream, BodyControl, Upload {
  readonly length?: number
  readonly #connection: Connection
  readonly #message: IncomingMessage
  readonly #response: ServerResponse
  #expectsContinue: boolean
  #to: BodyReceiver | null = null
  #state: BodyState = 'waiting'
  #hasFailed = false
  #received = 0
  /** Bytes that may still be thrown away; the answer has ended. */
  #drainLeft = Infinity

  constructor(arrival: Arrival, length: number | undefined) {
    this.#connection = arrival.connection
    this.#message = arrival.message
    this.#response = arrival.response
    this.#expectsContinue = arrival.expectsContinue
    if (length !== undefined) this.length = length
  }

  get isAwaited(): boolean {
    return this.#state === 'flowing' && !this.#message.complete
  }

  get received(): number {
    return this.#received
  }

  get hasArrived(): boolean {
    return this.#message.complete
  }

  /** Whether what is left would be read as the next request, or is too much to throw away. */
  get spoilsConnection(): boolean {
    if (this.#message.complete) return false
    // Of unknown length: the client must not put its next request behind what may turn out to be too much.
    if (this.length === undefined) return true
    const left = this.length - this.#received
    return this.#expectsContinue || this.#hasFailed || left > this.#connection.limits.drainBytes
  }

  start(to: BodyReceiver): BodyControl {
    this.#to = to
    this.#state = 'flowing'
    if (this.#expectsContinue) {
      this.#expectsContinue = false
      if (!this.#response.headersSent) this.#response.writeContinue()
    }
    this.#listen()
    return this
  }

  resume(): void {
    if (this.#state !== 'paused') return
    this.#state = 'flowing'
    this.#message.resume()
  }

  stop(): void {
    this.#to = null
    if (this.#state === 'flowing' || this.#state === 'paused') this.#discard()
  }

  /** The answer has ended: throws away what is left if it is little, else closes the connection with care. */
  settle(): void {
    this.#to = null
    // A sender that was not told to continue may never send, and the connection closes anyway.
    if (this.#state === 'over' || this.#expectsContinue) return
    if (!this.#message.complete) {
      this.#drainLeft = this.#connection.limits.drainBytes
      this.#connection.drainRest()
    }
    if (this.#state === 'waiting') this.#listen()
    this.#discard()
  }

  timeOut(): void {
    this.fail('body_timeout')
  }

  fail(reason?: BodyFailure): void {
    const to = this.#to
    this.#to = null
    if (this.#state === 'over') return
    this.#hasFailed = true
    this.#state = 'discarded'
    to?.fail(reason)
  }

  #listen(): void {
    this.#message.on('data', (chunk: Uint8Array) => this.#data(chunk))
    this.#message.on('end', () => this.#end())
  }

  #discard(): void {
    if (this.#state === 'over') return
    this.#state = 'discarded'
    this.#message.resume()
  }

  #data(chunk: Uint8Array): void {
    this.#received += chunk.length
    if (this.#to !== null) {
      if (this.#to.data(chunk) || this.#state !== 'flowing') return
      this.#state = 'paused'
      this.#message.pause()
      return
    }
    this.#drainLeft -= chunk.length
    if (this.#drainLeft >= 0) return
    if (this.#connection.isIdle) this.#connection.linger()
    else this.#message.pause()
  }

  #end(): void {
    const to = this.#to
    this.#to = null
    this.#state = 'over'
    this.#connection.restArrived()
    to?.end()
  }
}
