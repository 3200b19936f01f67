import { GatewayError } from '../errors/gateway-error.ts'
import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'
import { AnswerTail } from './answer-tail.ts'
import { type AttemptListener, AttemptSink } from './attempt-sink.ts'
import type { ClientPort } from './client-port.ts'
import { toClientHeaders } from './end-to-end-headers.ts'
import type { ExchangeEnding } from './exchange-record.ts'
import type { ExchangeTrace } from './exchange-trace.ts'
import type { ExchangeDeps, ExchangeRequest, RunningExchange } from './exchange-request.ts'
import type { AttemptOutcome, CancelRoute, Claim } from './router.ts'
import { StreamWatch } from './stream-watch.ts'
import type { AbortReason, UpstreamError } from './upstream.ts'
import { errorOfUpstream, isHtml, outcomeOf } from './upstream-failure.ts'

type State = 'routing' | 'asking' | 'answering' | 'over'

/** Beyond it, an answer that says "busy" is passed on without asking elsewhere. */
const LARGEST_HELD_ANSWER = 64 * 1024
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
  #cancelRoute: CancelRoute | undefined
  #attempts = 0
  #retrying = false
  readonly #tried = new Set<string>()
  /** The head of the answer, sent with its first byte: until then another upstream may be asked. */
  #head: { status: number; headers: RawHeaders } | null = null
  #status = 0
  #fixedLength = false
  #watch: StreamWatch | null = null
  #tail: AnswerTail | null = null
  #held: Uint8Array[] | null = null
  #heldBytes = 0
  /** When silence of the upstream becomes a failure, on the monotonic clock. */
  #deadline = Infinity
  #lastError: GatewayError | undefined
  #release: (() => void) | undefined

  constructor(client: ClientPort, request: ExchangeRequest, deps: ExchangeDeps) {
    this.#client = client
    this.#request = request
    this.#deps = deps
    this.trace = request.trace
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
    this.#client.onDrain(() => this.#sink?.attempt?.resume())
    this.#client.onGone(() => this.#leave())
    this.#route()
  }

  /** Ends it from outside: the key was revoked, the gateway stops. */
  stop(reason: AbortReason, error: GatewayError, ending: ExchangeEnding): void {
    if (this.#state === 'over') return
    this.#abandon(reason, 'cancelled')
    this.#tell(error, ending)
  }

  /** Called every second. */
  checkDeadline(now: number): void {
    if (now < this.#deadline || this.#state === 'over') return
    this.#abandon('timed-out', 'broken')
    this.#attemptFailed({ kind: 'timed-out', executed: 'maybe' })
  }

  info(status: number, headers: RawHeaders): void {
    if (this.#state === 'asking' && status !== 100) this.#client.info(status, toClientHeaders(headers))
  }

  head(status: number, headers: RawHeaders): void {
    this.#touch()
    this.#status = status
    if (status === 200 && isHtml(headers)) {
      this.#abandon('refused-answer', 'broken')
      this.#attemptFailed({ kind: 'bad-response', executed: 'maybe' })
      return
    }
    this.#head = { status, headers }
    this.#fixedLength = headerValue(headers, 'content-length') !== undefined
    if (status === 503 && this.#mayRetry('maybe')) {
      this.#held = []
      this.#heldBytes = 0
      return
    }
    if (status === 200 && this.#request.format !== null)
      this.#watch = new StreamWatch(this.#request.format, this.#deps.dialects)
    else if (status === 200 && this.#request.route.kind === 'generate') this.#tail = new AnswerTail()
  }

  data(chunk: Uint8Array): boolean {
    this.#touch()
    if (this.#held !== null) return this.#hold(chunk)
    if (this.#watch !== null) return this.#send(this.#watch.push(chunk))
    this.#tail?.push(chunk)
    return this.#send(chunk)
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
    // What broke after the stream had said its last word has cost the client nothing.
    if (this.#watch?.meaning() === 'complete') {
      this.#readUsage()
      return this.#finish(undefined, 'complete')
    }
    this.#attemptFailed(error)
  }

  #route(): void {
    this.#state = 'routing'
    this.#deadline = Infinity
    const { model, route, principal } = this.#request
    this.#cancelRoute = this.#deps.router.request(
      { model, route, principal, tried: this.#tried },
      { granted: (claim) => this.#ask(claim), refused: (error) => this.#refused(error) },
    )
  }

  #ask(claim: Claim): void {
    this.#cancelRoute = undefined
    this.#state = 'asking'
    this.#attempts++
    this.#tried.add(claim.upstream.id)
    this.trace.granted(claim.upstream.id)
    this.#head = null
    this.#held = null
    this.#watch = null
    this.#tail = null
    this.#deadline = performance.now() + this.#deps.limits.firstByteTimeoutMs
    const sink = new AttemptSink(claim, this)
    this.#sink = sink
    sink.attempt = claim.upstream.send(this.#request.upstream, sink)
  }

  #refused(error: GatewayError): void {
    this.#cancelRoute = undefined
    const held = this.#held
    if (held === null) {
      this.#tell(this.#lastError ?? error, this.#attempts === 0 ? 'refused' : 'upstream-failed')
      return
    }
    this.#held = null
    for (const chunk of held) this.#send(chunk)
    this.#finish(undefined, 'complete')
  }

  #attemptFailed(error: UpstreamError): void {
    this.#lastError = errorOfUpstream(error)
    if (this.#state === 'asking' && this.#mayRetry(error.executed)) this.#routeAgain()
    else this.#tell(this.#lastError, error.kind === 'timed-out' ? 'timed-out' : 'upstream-failed')
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

  #hold(chunk: Uint8Array): boolean {
    this.#held?.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes <= LARGEST_HELD_ANSWER) return true
    const held = this.#held ?? []
    this.#held = null
    return held.map((each) => this.#send(each)).every(Boolean)
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
    fields.push(
      'corral-upstream',
      this.trace.upstream ?? '',
      'x-request-id',
      this.trace.id,
      ...this.#request.extraHeaders,
    )
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
      this.#over(rendered.status, ending, error)
      this.#deps.respond(
        this.#client,
        { ...rendered, headers: [...rendered.headers, ...this.#request.extraHeaders] },
        this.trace,
      )
      return
    }
    const words = this.#fixedLength ? undefined : this.#watch?.lastWords(error)
    this.#readUsage()
    this.#over(this.#status, ending, error)
    if (words === undefined) {
      this.#client.reset()
      return
    }
    this.#client.data(words)
    this.#client.end()
  }

  #leave(): void {
    if (this.#state === 'over') return
    this.#readUsage()
    this.#abandon('client-gone', 'cancelled')
    this.#over(499, 'client-gone', null)
  }

  #abandon(reason: AbortReason, outcome: AttemptOutcome): void {
    this.#cancelRoute?.()
    this.#cancelRoute = undefined
    const sink = this.#sink
    this.#sink = undefined
    sink?.abandon(reason, outcome)
  }

  #readUsage(): void {
    this.trace.usage ??=
      this.#watch?.usage() ?? (this.#tail === null ? null : this.#deps.dialects.tokenUsage(this.#tail.text()))
  }

  #touch(): void {
    this.#deadline = performance.now() + this.#deps.limits.idleTimeoutMs
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
