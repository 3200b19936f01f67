import { GatewayError } from '../errors/gateway-error.ts'
import type { RawHeaders } from '../lib/raw-headers.ts'
import { AnswerBudget } from './answer-budget.ts'
import { AnswerSeeker, type AnswerSought } from './answer-seeker.ts'
import type { Attempts } from './attempts.ts'
import { ClientAnswer } from './client-answer.ts'
import type { ClientPort } from './client-port.ts'
import { toClientHeaders } from './end-to-end-headers.ts'
import type { ExchangeEnding } from './exchange-record.ts'
import type { ExchangeTrace } from './exchange-trace.ts'
import type { ExchangeDeps, ExchangeRequest, RunningExchange, WatchedExchange } from './exchange-request.ts'
import { errorOfHeld, HeldAnswer } from './held-answer.ts'
import { Patience } from './patience.ts'
import type { AbortReason, UpstreamError } from './upstream.ts'
import { UpstreamAnswer } from './upstream-answer.ts'
import { watchExchange } from './watched-exchange.ts'
import { endingOf, errorOfUpstream, isFailure, isHtml, outcomeOf, outcomeOfAnswer } from './upstream-failure.ts'

type State = 'routing' | 'asking' | 'answering' | 'over'

/**
 * One client request from its route to its end: the attempts, the one answer, the one record. States: `routing` waits
 * for a place; `asking` has an attempt whose answer the client has seen nothing of; `answering` has; `over` is over.
 */
export class Exchange implements AnswerSought, RunningExchange {
  readonly trace: ExchangeTrace
  readonly keyId: string
  readonly session: string | undefined
  readonly #client: ClientPort
  readonly #request: ExchangeRequest
  readonly #deps: ExchangeDeps
  readonly #seeker: AnswerSeeker
  readonly #attempts: Attempts
  readonly #patience: Patience
  readonly #sent: ClientAnswer
  #state: State = 'routing'
  /** Of the current attempt; its head is sent with its first byte: until then another upstream may be asked. */
  #answer: UpstreamAnswer | null = null
  /** That answer, while it is kept back. */
  #held: HeldAnswer | null = null
  #release: (() => void) | undefined
  readonly #budget: AnswerBudget

  constructor(client: ClientPort, request: ExchangeRequest, deps: ExchangeDeps) {
    this.#client = client
    this.#request = request
    this.#deps = deps
    this.#budget = new AnswerBudget(request.reservation)
    this.trace = request.trace
    this.keyId = request.principal.keyId
    this.session = request.principal.session
    this.#seeker = new AnswerSeeker(request, deps, this)
    this.#attempts = this.#seeker.attempts
    this.#patience = new Patience(deps.limits.idleTimeoutMs)
    this.#sent = new ClientAnswer(client, request, deps)
  }

  /** `release` is called once nothing of the request is needed any more. */
  whenOver(release: () => void): void {
    if (this.#state === 'over') release()
    else this.#release = release
  }

  get watched(): WatchedExchange {
    const { ticket } = this.#attempts
    return watchExchange(this.trace, { state: this.#state, sent: this.#sent, answer: this.#answer, ticket })
  }

  start(): void {
    this.#client.onDrain(() => {
      this.#patience.drained()
      this.#attempts.sink?.attempt?.resume()
    })
    this.#client.onGone(() => this.#giveUp('client-gone', 499))
    this.#seeker.seek()
  }

  /** Ends it from outside: the key was revoked, the gateway stops. */
  stop(reason: AbortReason, error: GatewayError, ending: ExchangeEnding): void {
    if (this.#state === 'over') return
    this.#attempts.abandon(reason, 'cancelled')
    this.tell(error, ending)
  }

  /** More of an upload has passed: its answer may take as long from here on. */
  uploaded(): void {
    if (this.#state === 'asking' && this.#answer === null) this.#patience.waitFor(this.#deps.limits.firstByteTimeoutMs)
  }

  /** Called every second. */
  checkDeadline(now: number): void {
    if (this.#state === 'over') return
    if (this.#state !== 'answering') this.#sent.comment(now, this.#attempts.ticket)
    const verdict = this.#attempts.sink?.isLost() ? 'upstream-silent' : this.#patience.verdict(now)
    if (verdict === 'patient') return
    if (verdict === 'reader-stalled') {
      this.#giveUp('timed-out', this.#sent.status)
      return this.#client.reset()
    }
    this.#attempts.abandon('timed-out', this.#saidLastWord() ? 'answered' : 'broken')
    this.#attemptFailed({ kind: 'timed-out', executed: 'maybe' })
  }

  info(status: number, headers: RawHeaders): void {
    if (this.#state !== 'asking' || status === 100 || this.#sent.isOpen) return
    this.#client.info(status, toClientHeaders(headers))
  }

  head(status: number, headers: RawHeaders): void {
    this.#patience.heard(true)
    if (status === 200 && isHtml(headers)) {
      this.#attempts.abandon('refused-answer', 'broken')
      this.#attemptFailed({ kind: 'bad-response', executed: 'maybe' })
      return
    }
    const { route, format } = this.#request
    const { upstream, model } = this.trace
    const head = { upstream: upstream ?? '', model, status, headers }
    this.#answer = new UpstreamAnswer(head, { route, format, dialects: this.#deps.dialects })
    if (this.#isKeptBack(this.#answer)) this.#held = new HeldAnswer(this.#answer)
  }

  data(chunk: Uint8Array): boolean {
    const room = this.#take(chunk)
    this.#patience.heard(room)
    return room
  }

  end(trailers: RawHeaders | undefined): void {
    const answer = this.#answer
    if (answer === null) return
    const held = this.#held
    const message = held === null ? undefined : this.#deps.dialects.errorMessage(held.text())
    const outcome = outcomeOfAnswer(answer.status, this.#request.route.kind, message)
    const rest = answer.rest()
    const facts = answer.facts()
    const { usage, timings } = this.#attempts.charged(facts)
    this.trace.usage = usage
    this.trace.timings = timings
    this.#attempts.sink?.ended(facts, outcome)
    if (held !== null) return outcome === 'answered' ? this.passOn(held) : this.#seeker.answeredBadly(held)
    this.#send(rest)
    const meaning = answer.meaning()
    if (meaning === 'more') return this.tell(new GatewayError('upstream_truncated'), 'upstream-failed')
    this.#finish(trailers, meaning === 'failed' ? 'upstream-failed' : 'complete')
  }

  fail(error: UpstreamError): void {
    this.#attempts.sink?.report(outcomeOf(error))
    this.#attemptFailed(error)
  }

  waits(): void {
    this.#state = 'routing'
    this.#answer = null
    this.#held = null
    this.#patience.suspend()
  }

  asks(): void {
    this.#state = 'asking'
    this.#patience.waitFor(this.#deps.limits.firstByteTimeoutMs)
  }

  /** An answer of an upstream that was kept back, as it is; inside a stream that has begun, as its error. */
  passOn(held: HeldAnswer): void {
    if (this.#sent.isOpen) return this.tell(errorOfHeld(held, this.#deps.dialects), 'upstream-failed')
    this.#answer = held.answer
    this.trace.upstream = held.answer.upstream
    this.trace.model = held.answer.model
    this.#letGo(held)
    this.#finish(undefined, 'complete')
  }

  /** Says that it failed: as an answer, as the last words of a stream, or by breaking the connection. */
  tell(error: GatewayError, ending: ExchangeEnding): void {
    if (this.#state !== 'answering' && !this.#sent.isOpen) return this.#refuse(error, ending)
    const { status } = this.#sent
    this.#readUsage()
    if (this.#saidLastWord() && !this.#sent.hasFixedLength)
      return this.#finish(undefined, this.#answer?.meaning() === 'complete' ? 'complete' : ending)
    const words = this.#sent.lastWords(error)
    if (words !== undefined) this.trace.sent(words.length)
    this.#over(status, ending, error)
    if (words === undefined) return this.#client.reset()
    this.#client.data(words)
    this.#client.end()
  }

  #attemptFailed(error: UpstreamError): void {
    this.#held = null
    if (this.#state === 'answering') this.tell(errorOfUpstream(error), endingOf(error))
    else this.#seeker.failed(error)
  }

  /** What could be better elsewhere, and what a client that has its 200 can be told only when it is whole. */
  #isKeptBack(answer: UpstreamAnswer): boolean {
    const { route } = this.#request
    if (this.#sent.isOpen) return !answer.streams
    return route.retry && isFailure(answer.status, route.kind)
  }

  #take(chunk: Uint8Array): boolean {
    const answer = this.#answer
    if (answer === null) return true
    if (answer.begins()) this.#attempts.began({ route: this.#request.route, model: answer.model })
    const held = this.#held
    if (held === null) return this.#pass(answer, chunk)
    // Of what is only told as an error, the beginning is enough.
    if (held.isTooLarge) return true
    held.keep(answer.pass(chunk))
    return !held.isTooLarge || this.#sent.isOpen || this.#letGo(held)
  }

  /** What is beyond a budget passes too, since it was made; the rest is not. */
  #pass(answer: UpstreamAnswer, chunk: Uint8Array): boolean {
    const room = this.#send(answer.pass(chunk))
    // What is not charged, as what the cache replays, needs no room.
    if (!this.#budget.hasRoomFor(answer) && this.#attempts.isCharged) {
      this.#attempts.abandon('refused-answer', 'cancelled')
      this.tell(this.#budget.exhausted(), 'budget-exhausted')
    }
    return room
  }

  /** False: there is no more room. */
  #letGo(held: HeldAnswer): boolean {
    this.#held = null
    return held.chunks.map((each) => this.#send(each)).every(Boolean)
  }

  #send(chunk: Uint8Array): boolean {
    if (chunk.length === 0) return true
    this.#begin()
    return this.#sent.data(chunk)
  }

  #begin(): void {
    if (this.#state === 'answering') return
    this.#state = 'answering'
    this.#sent.begin(this.#answer, this.trace.attempts)
  }

  #finish(trailers: RawHeaders | undefined, ending: ExchangeEnding): void {
    this.#begin()
    const { status } = this.#sent
    this.#over(status, ending, null)
    this.#client.end(trailers)
    if (this.#request.route.kind === 'write' && status < 300) this.#deps.wrote(this.trace.upstream ?? '')
  }

  #refuse(error: GatewayError, ending: ExchangeEnding): void {
    this.#state = 'over'
    const status = this.#sent.refuse(error, this.trace.attempts)
    this.#over(status, ending, error)
  }

  /** After the end, or the error, that the upstream told itself, there is nothing to add. */
  #saidLastWord(): boolean {
    return this.#state === 'answering' && this.#answer?.hasSaidLastWord === true
  }

  /** The client has left, or has stopped reading: nobody hears a word, and nothing speaks against the upstream. */
  #giveUp(reason: 'client-gone' | 'timed-out', status: number): void {
    if (this.#state === 'over') return
    this.#readUsage()
    this.#attempts.abandon(reason, 'cancelled')
    this.#over(status, reason, null)
  }

  #readUsage(): void {
    if (this.#answer !== null) this.trace.usage ??= this.#attempts.charged(this.#answer.facts()).usage
  }

  #over(status: number, ending: ExchangeEnding, error: GatewayError | null): void {
    if (this.#state === 'answering' && this.#attempts.isCharged)
      this.trace.usage = this.#budget.counted(this.trace.usage, this.#answer, this.#seeker.promptTokens)
    this.#state = 'over'
    this.#budget.release()
    this.#attempts.over()
    this.#release?.()
    this.#deps.over(this, this.trace.record(status, ending, error?.code ?? null))
  }
}
