import type { RawHeaders } from '../lib/raw-headers.ts'
import type { AbortReason, Attempt, ResponseSink, UpstreamError } from './upstream.ts'
import type { AnswerFacts, AttemptOutcome, Claim } from './router.ts'

/** What an exchange hears of its current attempt. */
export interface AttemptListener {
  info(status: number, headers: RawHeaders): void
  head(status: number, headers: RawHeaders): void
  data(chunk: Uint8Array): boolean
  end(trailers: RawHeaders | undefined): void
  fail(error: UpstreamError): void
}

/** One claimed place and what happens there; its exchange may have moved on before its slot is free. */
export class AttemptSink implements ResponseSink {
  readonly claim: Claim
  attempt: Attempt | undefined
  #listener: AttemptListener | null
  #reported = false
  #hasHead = false

  constructor(claim: Claim, listener: AttemptListener) {
    this.claim = claim
    this.#listener = listener
  }

  /** No further word to the exchange; the slot stays claimed until the upstream is done. */
  abandon(reason: AbortReason, outcome: AttemptOutcome): void {
    this.#listener = null
    this.report(outcome)
    this.attempt?.abort(reason)
  }

  /** The first outcome counts. */
  report(outcome: AttemptOutcome): void {
    if (this.#reported) return
    this.#reported = true
    this.claim.report(outcome)
  }

  /** The answer ended by itself. */
  ended(facts: AnswerFacts, outcome: AttemptOutcome): void {
    if (this.#reported) return
    this.claim.answered(facts)
    this.report(outcome)
  }

  /** Nothing of an answer has come, and nobody seems left to send one. */
  isLost(): boolean {
    return !this.#hasHead && this.claim.isLost()
  }

  accepted(): void {}

  info(status: number, headers: RawHeaders): void {
    this.#listener?.info(status, headers)
  }

  head(status: number, headers: RawHeaders): void {
    this.#hasHead = true
    this.#listener?.head(status, headers)
  }

  data(chunk: Uint8Array): boolean {
    return this.#listener?.data(chunk) ?? true
  }

  end(trailers?: RawHeaders): void {
    const listener = this.#listener
    this.#listener = null
    listener?.end(trailers)
  }

  fail(error: UpstreamError): void {
    const listener = this.#listener
    this.#listener = null
    listener?.fail(error)
  }

  released(): void {
    this.report('cancelled')
    this.claim.release()
  }
}
