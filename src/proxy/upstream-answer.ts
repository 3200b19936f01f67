import type { Dialect } from '../dialects/dialect.ts'
import type { LineMeaning, StreamFormat } from '../dialects/stream-format.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'
import type { DialectPort } from './dialect-port.ts'
import { LastBytes } from './last-bytes.ts'
import type { Route } from './route.ts'
import type { AnswerFacts } from './router.ts'
import { StreamWatch } from './stream-watch.ts'
import { isWholeJson } from './upstream-failure.ts'

export interface AnswerHead {
  readonly upstream: string
  readonly model: string | null
  readonly status: number
  readonly headers: RawHeaders
}

export interface AnswerExpected {
  readonly route: Pick<Route, 'kind' | 'dialect'>
  readonly format: StreamFormat | null
  readonly dialects: DialectPort
}

/** The answer of one attempt, as far as it has come: what of it may pass, and what it says of itself. */
export class UpstreamAnswer {
  readonly upstream: string
  readonly model: string | null
  readonly status: number
  readonly headers: RawHeaders
  readonly hasFixedLength: boolean
  readonly #expected: AnswerExpected
  readonly #watch: StreamWatch | null
  readonly #whole: LastBytes | null
  #hasBegun = false

  constructor({ upstream, model, status, headers }: AnswerHead, expected: AnswerExpected) {
    const { route, format, dialects } = expected
    this.upstream = upstream
    this.model = model
    this.status = status
    this.#expected = expected
    this.#watch = status === 200 && format !== null && !isWholeJson(headers) ? new StreamWatch(format, dialects) : null
    this.#whole = this.#watch === null && status === 200 && route.kind === 'generate' ? new LastBytes() : null
    this.headers = this.#watch !== null && format?.hidesUsage === true ? withoutLength(headers) : headers
    // As it was announced: where the rest of it does not come, no last word makes it whole.
    this.hasFixedLength = headerValue(headers, 'content-length') !== undefined
  }

  /** Whether it comes while it is being made. */
  get streams(): boolean {
    return this.#watch !== null
  }

  /** True once, with the first byte of an answer that is no error. */
  begins(): boolean {
    if (this.#hasBegun || this.status >= 300) return false
    this.#hasBegun = true
    return true
  }

  /** What of a chunk may go to the client now. */
  pass(chunk: Uint8Array): Uint8Array {
    if (this.#watch !== null) return this.#watch.push(chunk)
    this.#whole?.push(chunk)
    return chunk
  }

  /** What an answer that has ended by itself still holds. */
  rest(): Uint8Array {
    return this.#watch === null ? NOTHING : this.#watch.rest()
  }

  /** How many tokens of a stream have passed, about: its lines, or its events with data. */
  get tokens(): number {
    return this.#watch?.events ?? 0
  }

  /** What a stream says of its own end; null: it is no stream. */
  meaning(): LineMeaning | null {
    return this.#watch === null ? null : this.#watch.meaning()
  }

  /** Whether a stream has told its own end, or its own error. */
  get hasSaidLastWord(): boolean {
    const meaning = this.meaning()
    return meaning !== null && meaning !== 'more'
  }

  /** Bytes that tell its reader of a failure, or undefined where only a broken connection can. */
  lastWords(error: GatewayError): Uint8Array | undefined {
    return this.#watch?.lastWords(error)
  }

  /** As far as it has come. */
  facts(): AnswerFacts {
    const { route, dialects } = this.#expected
    const text = this.#watch?.tailText() ?? this.#whole?.text()
    const isTold = text !== undefined
    const isCounted = isTold && (!COUNTED_LAST.has(route.dialect) || this.meaning() !== 'more')
    return {
      status: this.status,
      streamed: this.streams,
      usage: isCounted ? dialects.tokenUsage(route.dialect, text) : null,
      timings: isTold && route.dialect === 'ollama' ? dialects.answerTimings(text) : null,
    }
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)

/**
 * Their streams tell counts with the last word. What looks like counts before it is a client's: the tools and metadata
 * of a response, which it repeats, or the arguments of a tool call.
 */
const COUNTED_LAST: ReadonlySet<Dialect> = new Set(['ollama', 'responses'])

/** Less will pass than the upstream has announced. */
function withoutLength(headers: RawHeaders): RawHeaders {
  if (headerValue(headers, 'content-length') === undefined) return headers
  return headers.filter((_, index) => headers[index & ~1]?.toLowerCase() !== 'content-length')
}
