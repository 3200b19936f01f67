import { Buffer } from 'node:buffer'
import type { RawHeaders } from '../lib/raw-headers.ts'
import type { Secret } from '../lib/secret.ts'
import type { AbortReason, Attempt, ResponseSink, UpstreamError } from '../proxy/upstream.ts'
import { Blackout } from './blackout.ts'

/**
 * Stands between a provider and whoever asked it: a refused key is the gateway's own trouble, a redirect is never
 * followed nor passed on, and no error says the key.
 */
export class ProviderSink implements ResponseSink, Attempt {
  readonly #sink: ResponseSink
  readonly #apiKey: string | undefined
  #attempt: Attempt | undefined
  #blackout: Blackout | null = null
  /** The answer was refused: what still comes is nobody's. */
  #refused = false

  constructor(sink: ResponseSink, apiKey: Secret | null) {
    this.#sink = sink
    this.#apiKey = apiKey?.reveal()
  }

  /** The attempt whose sink this is; what is done to it passes through here. */
  watch(attempt: Attempt): Attempt {
    this.#attempt = attempt
    return this
  }

  abort(reason: AbortReason): void {
    if (!this.#refused) this.#attempt?.abort(reason)
  }

  resume(): void {
    this.#attempt?.resume()
  }

  accepted(): void {
    this.#sink.accepted()
  }

  info(status: number, headers: RawHeaders): void {
    this.#sink.info(status, this.#withoutKey(headers))
  }

  head(status: number, headers: RawHeaders): void {
    const error = refusalOf(status)
    if (error !== undefined) return this.#refuse(error)
    if (status >= 400 && this.#apiKey !== undefined) this.#blackout = new Blackout(Buffer.from(this.#apiKey))
    this.#sink.head(status, this.#withoutKey(headers))
  }

  data(chunk: Uint8Array): boolean {
    if (this.#refused) return true
    if (this.#blackout === null) return this.#sink.data(chunk)
    const safe = this.#blackout.push(chunk)
    return safe.length === 0 || this.#sink.data(safe)
  }

  end(trailers?: RawHeaders): void {
    if (this.#refused) return
    const rest = this.#blackout?.rest()
    if (rest !== undefined && rest.length > 0) this.#sink.data(rest)
    this.#sink.end(trailers === undefined ? undefined : this.#withoutKey(trailers))
  }

  fail(error: UpstreamError): void {
    if (!this.#refused) this.#sink.fail(error)
  }

  released(): void {
    this.#sink.released()
  }

  #refuse(error: UpstreamError): void {
    this.#refused = true
    this.#sink.fail(error)
    this.#attempt?.abort('refused-answer')
  }

  #withoutKey(headers: RawHeaders): RawHeaders {
    const key = this.#apiKey
    if (key === undefined || !headers.some((text) => text.includes(key))) return headers
    return headers.filter((_, index) => !headers[index | 1]?.includes(key))
  }
}

/** Both were refused before anything ran. */
function refusalOf(status: number): UpstreamError | undefined {
  if (status === 401) return { kind: 'refused-key', executed: 'no' }
  if (status === 403) return { kind: 'forbidden', executed: 'no' }
  if (status < 300 || status > 399) return undefined
  return { kind: 'bad-response', executed: 'no', cause: new Error(`The provider answered with redirect ${status}`) }
}
