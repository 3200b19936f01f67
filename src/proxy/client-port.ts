import type { RawHeaders } from '../lib/raw-headers.ts'
import type { BodyStream } from './upstream.ts'

/** One client request whose framing was checked and whose content nobody believes yet. */
export interface ClientRequest {
  readonly method: string
  /** `1.1` or `1.0`; anything else is still to be refused. */
  readonly httpVersion: string
  /** As it stood in the request line. */
  readonly target: string
  readonly headers: RawHeaders
  readonly body: BodyStream | null
  /** One object for all requests of a connection: what was made sure of for it need not be done again. */
  readonly connection: object
  /** The client's address: the peer's, or what a trusted proxy said. */
  readonly address: string
  /** Whether the bytes came encrypted or over loopback, by the same evidence as `address`. */
  readonly confidential: boolean
}

/** Where the answer goes. One implementation per runtime; the proxy sees only this. */
export interface ClientPort {
  readonly request: ClientRequest
  info(status: number, headers: RawHeaders): void
  /**
   * Once. The port adds framing (`Content-Length` is kept where given, else chunked), `Date` and `Connection`.
   * A `connection: close` among `headers` ends the connection after this answer.
   */
  head(status: number, headers: RawHeaders): void
  /** False: full; wait for the drain. */
  data(chunk: Uint8Array): boolean
  /** A whole answer. The port drains or closes what is left of the request body. */
  end(trailers?: RawHeaders): void
  /** Breaks the connection so that nobody takes the answer for whole. Also legal before `head`. */
  reset(): void
  /** Replaces the listener called each time there is room again. */
  onDrain(listener: () => void): void
  /** Called once if the client leaves before the answer has ended. */
  onGone(listener: () => void): void
}
