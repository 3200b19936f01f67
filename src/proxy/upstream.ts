import type { RawHeaders } from '../lib/raw-headers.ts'
import type { Dialect } from '../dialects/dialect.ts'

/**
 * Everything that can answer: an Ollama by URL, one behind an agent, a provider, another replica, a cached
 * answer. The proxy knows nothing else, so there is one proxy path.
 */
export interface Upstream {
  readonly id: string
  /** The API shapes this upstream can answer for a model; an old Ollama has no `/v1/messages`. */
  speaks(model: string): ReadonlySet<Dialect>
  /** Starts one try. Never throws, and calls nothing on `sink` before it has returned. */
  send(request: UpstreamRequest, sink: ResponseSink): Attempt
  upgrade?(request: UpstreamRequest, socket: DuplexPort): Attempt
}

export interface UpstreamRequest {
  readonly method: string
  /** Path and query, origin-form, as the upstream shall see it. */
  readonly target: string
  /** End-to-end headers only; the upstream adds its own Host, credentials and framing. */
  readonly headers: RawHeaders
  /** An array of chunks can be sent again; a stream only once. */
  readonly body: null | readonly Uint8Array[] | BodyStream
  /** The body without what asks for counts, for who refuses to be asked; undefined: it asks for none. */
  readonly bodyUnasked?: (() => readonly Uint8Array[]) | undefined
  /** Must not reach the upstream twice, whatever becomes of the connection: it changes something there. */
  readonly once?: boolean
}

export interface BodyStream {
  /** Bytes to come, where the sender said so. */
  readonly length?: number
  /** May be called once. `data` returning false pauses the stream until `resume`. */
  start(to: BodyReceiver): BodyControl
}

export interface BodyReceiver {
  data(chunk: Uint8Array): boolean
  end(): void
  /** Not whole, and never will be; without a reason the sender left or broke its framing. */
  fail(reason?: BodyFailure): void
}

/** Codes of the catalogue. */
export type BodyFailure = 'bad_body' | 'body_timeout' | 'body_too_large'

export interface BodyControl {
  resume(): void
  /** No further callback; what still comes is drained and thrown away. */
  stop(): void
}

/**
 * Hears one attempt. Order: `accepted? info* head data* (end | fail) released`; after an abort only `released`.
 * The head may come before the request body has ended.
 */
export interface ResponseSink {
  /** The other side owns the request now: a tunnel's ACCEPT, an established connection. */
  accepted(): void
  info(status: number, headers: RawHeaders): void
  head(status: number, headers: RawHeaders): void
  /** False pauses the upstream until `attempt.resume()`. */
  data(chunk: Uint8Array): boolean
  end(trailers?: RawHeaders): void
  fail(error: UpstreamError): void
  /** Exactly once, last, in every ending: only now is the slot free. */
  released(): void
}

export interface Attempt {
  abort(reason: AbortReason): void
  resume(): void
}

export type AbortReason = 'client-gone' | 'key-revoked' | 'shutting-down' | 'timed-out' | 'refused-answer'

/** `refused`: it has no room for this now. `refused-key`: it does not take the gateway's own credentials; `forbidden`: not for this. */
export type UpstreamErrorKind =
  | 'unreachable'
  | 'reset'
  | 'bad-response'
  | 'timed-out'
  | 'body-failed'
  | 'refused-key'
  | 'forbidden'
  | 'refused'

export interface UpstreamError {
  readonly kind: UpstreamErrorKind
  /** Whether the upstream may have begun to work on the request. */
  readonly executed: 'no' | 'maybe'
  /** Of a `body-failed`: why, where its sender did not simply leave or break its framing. */
  readonly bodyFailure?: BodyFailure
  readonly cause?: unknown
}

/** Raw bytes in both directions, after an upgrade. */
export interface DuplexPort {
  write(chunk: Uint8Array): boolean
  end(): void
  destroy(): void
  onData(listener: (chunk: Uint8Array) => boolean): void
  onDrain(listener: () => void): void
  onClose(listener: () => void): void
  resume(): void
}
