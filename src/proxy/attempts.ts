import type { GatewayError } from '../errors/gateway-error.ts'
import { type AttemptListener, AttemptSink } from './attempt-sink.ts'
import type { ExchangeDeps } from './exchange-request.ts'
import type { Route } from './route.ts'
import type {
  AnswerFacts,
  AttemptOutcome,
  Claim,
  RouteReceiver,
  RouteRequest,
  RouteTicket,
  SharedWork,
} from './router.ts'
import type { AbortReason, UpstreamError, UpstreamRequest } from './upstream.ts'

const MAX_ATTEMPTS = 3
const NOTHING = { usage: null, timings: null }

/** How one exchange stands with upstreams: waiting for a place or at one, how often so far, and whether once more. */
export class Attempts implements RouteReceiver {
  readonly #deps: Pick<ExchangeDeps, 'router' | 'retries' | 'running' | 'began'>
  /** Hears of the place that is waited for. */
  readonly #to: RouteReceiver
  #isSeeking = false
  #ticket: RouteTicket | undefined
  #sink: AttemptSink | undefined
  /** Of the last attempt, where others have a part in it. */
  #work: SharedWork | undefined
  #count = 0
  #tried: Set<string> = new Set()
  /** Whether its second tries are counted in the budget. */
  #isCounted = false

  constructor(deps: Pick<ExchangeDeps, 'router' | 'retries' | 'running' | 'began'>, to: RouteReceiver) {
    this.#deps = deps
    this.#to = to
  }

  get count(): number {
    return this.#count
  }

  /** Of the place that is waited for. */
  get ticket(): RouteTicket | undefined {
    return this.#ticket
  }

  /** Of the attempt that runs. */
  get sink(): AttemptSink | undefined {
    return this.#sink
  }

  /** Waits for a place at an upstream that was not tried. */
  seek(request: Omit<RouteRequest, 'tried'>): void {
    // What ran has ended, whether or not its slot is free by now.
    this.#sink = undefined
    this.#isSeeking = true
    const ticket = this.#deps.router.request({ ...request, tried: this.#tried }, this)
    // Answered at once, it may be waiting with another ticket by now.
    if (this.#isSeeking) this.#ticket ??= ticket
  }

  granted(claim: Claim): void {
    this.#found()
    this.#to.granted(claim)
  }

  refused(error: GatewayError): void {
    this.#found()
    this.#to.refused(error)
  }

  #found(): void {
    this.#isSeeking = false
    this.#ticket = undefined
  }

  begin(claim: Claim, request: UpstreamRequest, listener: AttemptListener): void {
    this.#count += 1
    this.#tried.add(claim.upstream.id)
    this.#work = claim.shared
    const sink = new AttemptSink(claim, listener)
    this.#sink = sink
    sink.attempt = claim.upstream.send(request, sink)
  }

  /** The answer of the attempt that runs has begun. */
  began(asked: { readonly route: Route; readonly model: string | null }): void {
    const claim = this.#sink?.claim
    if (claim === undefined) return
    claim.began()
    const worker = claim.shared === undefined ? claim.upstream : claim.shared.worker
    if (worker !== null) this.#deps.began(worker, asked)
  }

  /** Of what the work behind an answer took, what this exchange has to answer for. */
  charged(facts: Pick<AnswerFacts, 'usage' | 'timings'>): Pick<AnswerFacts, 'usage' | 'timings'> {
    return this.#work === undefined ? facts : (this.#work.charged() ?? NOTHING)
  }

  get isCharged(): boolean {
    return this.#work === undefined || this.#work.charged() !== null
  }

  /** Neither waited for nor listened to any more. */
  abandon(reason: AbortReason, outcome: AttemptOutcome): void {
    this.#ticket?.cancel()
    this.#ticket = undefined
    const sink = this.#sink
    this.#sink = undefined
    sink?.abandon(reason, outcome)
  }

  /** Another model is asked for: who failed with the one may well run the other. */
  forgetTried(): void {
    this.#tried = new Set()
  }

  /** Whether one more may be made after one that may have been begun, or was not. True takes from the budget. */
  mayRepeat(route: Route, body: UpstreamRequest['body'], executed: UpstreamError['executed']): boolean {
    const isUntouched = executed === 'no' || (route.retry && (body === null || Array.isArray(body)))
    if (!isUntouched || this.#count >= MAX_ATTEMPTS) return false
    this.#isCounted ||= this.#deps.retries.take(this.#deps.running())
    return this.#isCounted
  }

  over(): void {
    this.#sink = undefined
    if (this.#isCounted) this.#deps.retries.done()
    this.#isCounted = false
  }
}
