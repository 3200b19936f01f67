import { GatewayError } from '../errors/gateway-error.ts'
import type { AttemptListener } from './attempt-sink.ts'
import { Attempts } from './attempts.ts'
import type { ExchangeEnding } from './exchange-record.ts'
import type { Asking, ExchangeDeps, ExchangeRequest } from './exchange-request.ts'
import type { HeldAnswer } from './held-answer.ts'
import type { Claim, RouteReceiver } from './router.ts'
import type { UpstreamError } from './upstream.ts'
import { endingOf, errorOfUpstream } from './upstream-failure.ts'

/** Who an answer is sought for. */
export interface AnswerSought extends AttemptListener {
  /** A place is waited for; of the attempt before it nothing is left. */
  waits(): void
  /** An upstream is about to be asked. */
  asks(): void
  /** Nobody gives a better answer than this one. */
  passOn(refusal: HeldAnswer): void
  /** Nobody answers. */
  tell(error: GatewayError, ending: ExchangeEnding): void
}

/**
 * Who is asked for the answer of one exchange, upstream after upstream and then model after model, as long as its
 * client has seen nothing; and the best that was heard, where nobody is left.
 */
export class AnswerSeeker implements RouteReceiver {
  readonly attempts: Attempts
  readonly #request: ExchangeRequest
  readonly #caches: boolean
  readonly #to: AnswerSought
  #asking: Asking
  /** A whole answer that is passed on where nobody gives a better one. */
  #refusal: HeldAnswer | null = null
  #lastFailure: { readonly error: GatewayError; readonly ending: ExchangeEnding } | undefined

  constructor(request: ExchangeRequest, deps: ExchangeDeps, to: AnswerSought) {
    this.#request = request
    this.#caches = deps.caches
    this.#to = to
    this.#asking = request.asking
    this.attempts = new Attempts(deps, this)
  }

  /** Of the prompt, as it is asked with now. */
  get promptTokens(): number {
    return this.#asking.prompt.tokens
  }

  seek(): void {
    this.#to.waits()
    const { route, principal, named, format, cacheWish, trace } = this.#request
    const { model, prompt, upstream: asking } = this.#asking
    const { arrivedAt } = trace
    trace.seeks()
    this.attempts.seek({ model, route, principal, named, prompt, arrivedAt, asking, format, cacheWish })
  }

  granted(claim: Claim): void {
    const { trace, route } = this.#request
    const cached = this.#caches && route.kind === 'generate' ? 'bypass' : null
    trace.granted(claim.upstream.id, claim.shared?.cached ?? cached)
    this.#to.asks()
    this.attempts.begin(claim, this.#asking.upstream, this.#to)
  }

  /** Nobody is left who could answer with this model. Where somebody has failed, another model may answer. */
  refused(error: GatewayError): void {
    const another = this.attempts.count === 0 ? undefined : this.#asking.another()
    if (another === undefined) return this.#conclude(error)
    this.#asking = another
    this.#request.trace.model = another.model
    this.attempts.forgetTried()
    this.seek()
  }

  /** An attempt came to nothing. */
  failed(error: UpstreamError): void {
    this.#lastFailure = { error: errorOfUpstream(error), ending: endingOf(error) }
    this.#askElsewhere(error.executed)
  }

  /** An upstream's answer is whole, and no good. Nobody knows what one that is busy, or failed, has begun of it. */
  answeredBadly(refusal: HeldAnswer): void {
    this.#refusal = refusal
    this.#askElsewhere('maybe')
  }

  #askElsewhere(executed: UpstreamError['executed']): void {
    if (this.attempts.mayRepeat(this.#request.route, this.#asking.upstream.body, executed)) this.seek()
    else this.#conclude(new GatewayError('no_upstream', { retryAfterSeconds: 1 }))
  }

  /** Nobody else is asked: the best that was heard is what the client gets. */
  #conclude(error: GatewayError): void {
    if (this.#refusal !== null) return this.#to.passOn(this.#refusal)
    const told = this.#lastFailure ?? { error, ending: 'refused' as const }
    this.#to.tell(told.error, told.ending)
  }
}
