import { GatewayError } from '../errors/gateway-error.ts'
import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'
import { AnswerTail } from './answer-tail.ts'
import { type AttemptListener, AttemptSink } from './attempt-sink.ts'
import type { ClientPort } from './client-port.ts'
import { toClientHeaders } from './end-to-end-headers.ts'
import type { ExchangeEnding } from './exchange-record.ts'
import type { ExchangeTrace } from './exchange-trace.ts'
import type { ExchangeDeps, ExchangeRequest, RunningExchange } from './exchange-request.ts'
import type { AttemptOutcome, Claim, RouteTicket } from './router.ts'
import { HeldAnswer } from './held-answer.ts'
import { Patience } from './patience.ts'
import { NO_PROMPT } from './prompt.ts'
import { StreamWatch } from './stream-watch.ts'
import type { AbortReason, UpstreamError } from './upstream.ts'
import { endingOf, errorOfUpstream, isHtml, isWholeJson, outcomeOf } from './upstream-failure.ts'

type State = 'routing' | 'asking' | 'answering' | 'over'

const MAX_ATTEMPTS = 3

/**
 * One client request from its route to its end: the attempts, the one answer, the one record. States: `routing` waits
 * for a place; `asking` has an attempt and has sent the client nothing; `answering` has; `over` is over.
 */
export class Exchange implements AttemptListener, RunningExchange {
  readonly trace: ExchangeTrace
  readonly #client: ClientPort
  readonly #request: ExchangeRequest
  readonly #deps: ExchangeDeps
  #state: State = 'routing'
  #sink: AttemptSink | undefined
  #ticket: RouteTicket | undefined
  #attempts = 0
  #retrying = false
  readonly #tried = new Set<string>()
  /** The head of the answer, sent with its first byte: until then another upstream may be asked. */
  #head: { status: number; headers: RawHeaders } | null = null
  #status = 0
  #fixedLength = false
  #watch: StreamWatch | null = null
  #tail: AnswerTail | null = null
  #held: HeldAnswer | null = null
  readonly #patience: Patience
  #lastError: GatewayError | undefined
  #release: (() => void) | undefined

  constructor(client: ClientPort, request: ExchangeRequest, deps: ExchangeDeps) {
    this.#client = client
    this.#request = request
    this.#deps = deps
    this.trace = request.trace
    this.#patience = new Patience(deps.limits.idleTimeoutMs)
  }

  get keyId(): string {
    return this.#request.principal.keyId
  }

  /** `release` is called once nothing of the request is needed any more. */
  whenOver(release: () => void): void {
    if (this.#state === 'over') release()
    else this.#release = release
  }

  start(): void {
    this.#client.onDrain(() => {
      this.#patience.drained()
      this.#sink?.attempt?.resume()
    })
    this.#client.onGone(() => this.#giveUp('client-gone', 499))
    this.#route()
  }

  /** Ends it from outside: the key was revoked, the gateway stops. */
  stop(reason: AbortReason, error: GatewayError, ending: ExchangeEnding): void {
    if (this.#state === 'over') return
    this.#abandon(reason, 'cancelled')
    this.#tell(error, ending)
  }

  /** More of an upload has passed: its answer may take as long from here on. */
  uploaded(): void {
    if (this.#state === 'asking' && this.#head === null) this.#patience.waitFor(this.#deps.limits.firstByteTimeoutMs)
  }

  /** Called every second. */
  checkDeadline(now: number): void {
    if (this.#state === 'over') return
    const verdict = this.#patience.verdict(now)
    if (verdict === 'patient') return
    if (verdict === 'reader-stalled') {
      this.#giveUp('timed-out', this.#status)
      return this.#client.reset()
    }
    this.#abandon('timed-out', this.#saidLastWord() ? 'answered' : 'broken')
    this.#attemptFailed({ kind: 'timed-out', executed: 'maybe' })
  }

  info(status: number, headers: RawHeaders): void {
    if (this.#state === 'asking' && status !== 100) this.#client.info(status, toClientHeaders(headers))
  }

  head(status: number, headers: RawHeaders): void {
    this.#patience.heard(true)
    this.#status = status
    if (status === 200 && isHtml(headers)) {
      this.#abandon('refused-answer', 'broken')
      this.#attemptFailed({ kind: 'bad-response', executed: 'maybe' })
      return
    }
    this.#head = { status, headers }
    this.#fixedLength = headerValue(headers, 'content-length') !== undefined
    if (status === 503 && this.#mayRetry('maybe')) {
      this.#held = new HeldAnswer()
      return
    }
    if (status === 200 && this.#request.format !== null && !isWholeJson(headers))
      this.#watch = new StreamWatch(this.#request.format, this.#deps.dialects)
    else if (status === 200 && this.#request.route.kind === 'generate') this.#tail = new AnswerTail()
  }

  data(chunk: Uint8Array): boolean {
    const room = this.#take(chunk)
    this.#patience.heard(room)
    return room
  }

  end(trailers: RawHeaders | undefined): void {
    if (this.#held !== null) {
      this.#sink?.report('busy')
      this.#routeAgain()
      return
    }
    this.#sink?.report('answered')
    if (this.#watch !== null) this.#send(this.#watch.rest())
    this.#readUsage()
    if (this.#watch !== null) {
      if (this.#watch.meaning() === 'more') return this.#tell(new GatewayError('upstream_truncated'), 'upstream-failed')
      if (this.#watch.meaning() === 'failed') return this.#finish(trailers, 'upstream-failed')
    }
    this.#finish(trailers, 'complete')
  }

  fail(error: UpstreamError): void {
    this.#sink?.report(outcomeOf(error))
    this.#attemptFailed(error)
  }

  #route(): void {
    this.#state = 'routing'
    this.#patience.suspend()
    const { model, route, principal } = this.#request
    this.#ticket = this.#deps.router.request(
      { model, route, principal, tried: this.#tried, named: null, prompt: NO_PROMPT, arrivedAt: Date.now() },
      { granted: (claim) => this.#ask(claim), refused: (error) => this.#refused(error) },
    )
  }

  #ask(claim: Claim): void {
    this.#ticket = undefined
    this.#state = 'asking'
    this.#attempts++
    this.#tried.add(claim.upstream.id)
    this.trace.granted(claim.upstream.id)
    this.#head = null
    this.#held = null
    this.#watch = null
    this.#tail = null
    this.#patience.waitFor(this.#deps.limits.firstByteTimeoutMs)
    const sink = new AttemptSink(claim, this)
    this.#sink = sink
    sink.attempt = claim.upstream.send(this.#request.upstream, sink)
  }

  #refused(error: GatewayError): void {
    this.#ticket = undefined
    if (this.#held === null) {
      this.#tell(this.#lastError ?? error, this.#attempts === 0 ? 'refused' : 'upstream-failed')
      return
    }
    this.#letGo()
    this.#finish(undefined, 'complete')
  }

  #attemptFailed(error: UpstreamError): void {
    this.#lastError = errorOfUpstream(error)
    this.#held = null
    if (this.#state === 'asking' && this.#mayRetry(error.executed)) this.#routeAgain()
    else this.#tell(this.#lastError, endingOf(error))
  }

  #routeAgain(): void {
    if (!this.#retrying) this.#retrying = this.#deps.retries.take(this.#deps.running())
    if (this.#retrying) this.#route()
    else this.#refused(new GatewayError('no_upstream', { retryAfterSeconds: 1 }))
  }

  #mayRetry(executed: UpstreamError['executed']): boolean {
    const { route, upstream } = this.#request
    const untouched = executed === 'no' || (route.retry && (upstream.body === null || Array.isArray(upstream.body)))
    return untouched && this.#attempts < MAX_ATTEMPTS
  }

  #take(chunk: Uint8Array): boolean {
    if (this.#held !== null) return this.#held.keep(chunk) || this.#letGo()
    this.#tail?.push(chunk)
    return this.#send(this.#watch === null ? chunk : this.#watch.push(chunk))
  }

  /** Passes on what was held. False: there is no more room. */
  #letGo(): boolean {
    const chunks = this.#held?.chunks ?? []
    this.#held = null
    return chunks.map((each) => this.#send(each)).every(Boolean)
  }

  #send(chunk: Uint8Array): boolean {
    if (chunk.length === 0) return true
    this.#sendHead()
    this.trace.sent(chunk.length)
    return this.#client.data(chunk)
  }

  #sendHead(): void {
    if (this.#state === 'answering') return
    this.#state = 'answering'
    const { status, headers } = this.#head ?? { status: 502, headers: [] }
    const fields = toClientHeaders(headers)
    fields.push('corral-upstream', this.trace.upstream ?? '', 'x-request-id', this.trace.id)
    fields.push(...this.#request.extraHeaders)
    this.#client.head(status, fields)
  }

  #finish(trailers: RawHeaders | undefined, ending: ExchangeEnding): void {
    this.#sendHead()
    this.#over(this.#status, ending, null)
    this.#client.end(trailers)
    if (this.#request.route.kind === 'write' && this.#status < 300) this.#deps.wrote(this.trace.upstream ?? '')
  }

  /** Says that it failed: as an answer, as the last words of a stream, or by breaking the connection. */
  #tell(error: GatewayError, ending: ExchangeEnding): void {
    const { route } = this.#request
    if (this.#state !== 'answering') {
      const rendered = this.#deps.dialects.renderError(error, route.dialect)
      const headers = [...rendered.headers, ...this.#request.extraHeaders]
      this.#state = 'over'
      this.#deps.respond(this.#client, { ...rendered, headers }, this.trace)
      this.#over(rendered.status, ending, error)
      return
    }
    if (this.#saidLastWord()) {
      this.#readUsage()
      this.#finish(undefined, this.#watch?.meaning() === 'complete' ? 'complete' : ending)
      return
    }
    const words = this.#fixedLength ? undefined : this.#watch?.lastWords(error)
    this.#readUsage()
    if (words !== undefined) this.trace.sent(words.length)
    this.#over(this.#status, ending, error)
    if (words === undefined) return this.#client.reset()
    this.#client.data(words)
    this.#client.end()
  }

  /** After the end, or the error, that the upstream told itself, there is nothing to add. */
  #saidLastWord(): boolean {
    return this.#state === 'answering' && this.#watch !== null && this.#watch.meaning() !== 'more'
  }

  /** The client has left, or has stopped reading: nobody hears a word, and nothing speaks against the upstream. */
  #giveUp(reason: 'client-gone' | 'timed-out', status: number): void {
    if (this.#state === 'over') return
    this.#readUsage()
    this.#abandon(reason, 'cancelled')
    this.#over(status, reason, null)
  }

  #abandon(reason: AbortReason, outcome: AttemptOutcome): void {
    this.#ticket?.cancel()
    this.#ticket = undefined
    const sink = this.#sink
    this.#sink = undefined
    sink?.abandon(reason, outcome)
  }

  #readUsage(): void {
    this.trace.usage ??=
      this.#watch?.usage() ?? (this.#tail === null ? null : this.#deps.dialects.tokenUsage(this.#tail.text()))
  }

  #over(status: number, ending: ExchangeEnding, error: GatewayError | null): void {
    this.#state = 'over'
    this.#sink = undefined
    if (this.#retrying) this.#deps.retries.done()
    this.#retrying = false
    this.#release?.()
    this.#deps.over(this, this.trace.record(status, ending, error?.code ?? null))
  }
}
