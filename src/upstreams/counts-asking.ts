import type { RawHeaders } from '../lib/raw-headers.ts'
import type { AbortReason, Attempt, ResponseSink, UpstreamError, UpstreamRequest } from '../proxy/upstream.ts'

/** A refusal that says why is short. */
const LONGEST_REFUSAL = 64 * 1024

const decoder = new TextDecoder()

type Send = (request: UpstreamRequest, sink: ResponseSink) => Attempt

/**
 * Not every provider lets itself be asked for the counts of a stream. One that refuses is sent the client's own bytes at
 * once, and has them from the start from then on.
 */
export function createCountsAsking(send: Send): Send {
  let refuses = false
  return (request, sink) => {
    const { bodyUnasked } = request
    if (bodyUnasked === undefined) return send(request, sink)
    if (refuses) return send({ ...request, body: bodyUnasked() }, sink)
    const attempt = new AskingAttempt(sink, {
      again: (to) => send({ ...request, body: bodyUnasked() }, to),
      refused: () => void (refuses = true),
    })
    return attempt.watch(send(request, attempt))
  }
}

interface Plainly {
  /** Sends the request as the client meant it. */
  again(sink: ResponseSink): Attempt
  /** That was taken, where asking for counts was not. */
  refused(): void
}

interface HeldRefusal {
  readonly status: number
  readonly headers: RawHeaders
  readonly chunks: Uint8Array[]
  bytes: number
}

/** One try, and the other where the first was refused for what the gateway has added to it. */
class AskingAttempt implements ResponseSink, Attempt {
  readonly #sink: ResponseSink
  readonly #plainly: Plainly
  #attempt: Attempt | undefined
  /** What may be such a refusal: nobody has heard of it. */
  #held: HeldRefusal | null = null
  #stage: 'asking' | 'refused' | 'again' = 'asking'
  #isAborted = false

  constructor(sink: ResponseSink, plainly: Plainly) {
    this.#sink = sink
    this.#plainly = plainly
  }

  watch(attempt: Attempt): Attempt {
    this.#attempt = attempt
    return this
  }

  abort(reason: AbortReason): void {
    this.#isAborted = true
    this.#attempt?.abort(reason)
  }

  resume(): void {
    this.#attempt?.resume()
  }

  accepted(): void {
    if (this.#stage === 'asking') this.#sink.accepted()
  }

  info(status: number, headers: RawHeaders): void {
    this.#sink.info(status, headers)
  }

  head(status: number, headers: RawHeaders): void {
    if (this.#stage === 'again' && status < 400) this.#plainly.refused()
    const mayRefuse = this.#stage === 'asking' && (status === 400 || status === 422)
    if (mayRefuse) this.#held = { status, headers, chunks: [], bytes: 0 }
    else this.#sink.head(status, headers)
  }

  data(chunk: Uint8Array): boolean {
    const held = this.#held
    if (held === null) return this.#sink.data(chunk)
    held.chunks.push(chunk)
    held.bytes += chunk.length
    return held.bytes <= LONGEST_REFUSAL || this.#letGo(held)
  }

  end(trailers?: RawHeaders): void {
    const held = this.#held
    if (held !== null && namesCounts(held)) {
      this.#held = null
      this.#stage = 'refused'
      return
    }
    if (held !== null) this.#letGo(held)
    this.#sink.end(trailers)
  }

  fail(error: UpstreamError): void {
    if (this.#held !== null) this.#letGo(this.#held)
    this.#sink.fail(error)
  }

  released(): void {
    if (this.#stage !== 'refused' || this.#isAborted) return this.#sink.released()
    this.#stage = 'again'
    this.#attempt = this.#plainly.again(this)
  }

  /** False: there is no more room. */
  #letGo({ status, headers, chunks }: HeldRefusal): boolean {
    this.#held = null
    this.#sink.head(status, headers)
    return chunks.map((chunk) => this.#sink.data(chunk)).every(Boolean)
  }
}

function namesCounts({ chunks }: HeldRefusal): boolean {
  const text = chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode()
  return /stream_options|include_usage/.test(text)
}
