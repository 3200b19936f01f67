import { GatewayError } from '../errors/gateway-error.ts'
import type { ClientPort } from './client-port.ts'
import { BodyCollector } from './collect-body.ts'
import type { ExchangeEnding } from './exchange-record.ts'
import type { RunningExchange, WatchedExchange } from './exchange-request.ts'
import type { Reservation, Reserved } from './limits-port.ts'
import { NO_PROMPT } from './prompt.ts'
import type { Admitted, ProxyDeps } from './proxy-request.ts'
import { type ReadInput, readRequest } from './read-request.ts'
import type { RequestPlan } from './request-plan.ts'
import type { RunningExchanges } from './running-exchanges.ts'
import type { AbortReason, UpstreamRequest } from './upstream.ts'

/** Starts the exchange proper; what it returns tells when nothing of the body is needed any more. */
export type BeginExchange = (
  client: ClientPort,
  admitted: Admitted,
  sent: Sent & { readonly reservation: Reservation | null },
) => { whenOver(release: () => void): void }

/** What is to be sent: of a body that is streamed through there is no plan. */
interface Sent {
  readonly plan: RequestPlan | null
  readonly body: UpstreamRequest['body']
}

export interface PendingDeps extends ProxyDeps {
  readonly begin: BeginExchange
  readonly running: RunningExchanges
}

/** An exchange whose body is still being read and understood, and of which nobody has said that it may begin. */
export class PendingExchange implements RunningExchange {
  readonly #client: ClientPort
  readonly #admitted: Admitted
  readonly #deps: PendingDeps
  #collector: BodyCollector | undefined
  #over = false

  constructor(client: ClientPort, admitted: Admitted, deps: PendingDeps) {
    this.#client = client
    this.#admitted = admitted
    this.#deps = deps
  }

  get keyId(): string {
    return this.#admitted.principal.keyId
  }

  get watched(): WatchedExchange {
    return { trace: this.#admitted.trace, stage: 'queued', tokens: null, status: null, position: () => null }
  }

  get session(): string | undefined {
    return this.#admitted.principal.session
  }

  start(): void {
    this.#deps.running.add(this)
    this.#client.onGone(() => this.#end(499, 'client-gone', null))
    const { body, route } = this.#admitted
    if (route.body === 'stream') return this.#reserve({ plan: null, body })
    if (body === null) {
      this.#collected(new Uint8Array(0))
      return
    }
    const limits = { maxBytes: this.#deps.maxBodyBytes, budget: this.#deps.budget }
    this.#collector = new BodyCollector(body, limits, {
      collected: (bytes) => this.#collected(bytes),
      refused: (error) => this.#refuse(error),
    })
    if (this.#over) this.#collector.release()
  }

  stop(_reason: AbortReason, error: GatewayError): void {
    this.#refuse(error)
  }

  /** The listener bounds the silence of an upload. */
  checkDeadline(): void {}

  #collected(bytes: Uint8Array): void {
    this.#admitted.trace.bytesIn = bytes.length
    const { route, principal, params } = this.#admitted
    const input: ReadInput = { request: this.#client.request, route, principal, params }
    try {
      const plan = readRequest(input, bytes, this.#deps.rules)
      if (plan instanceof Promise)
        plan.then((ready) => this.#planned(ready)).catch((error: unknown) => this.#refuse(error))
      else this.#planned(plan)
    } catch (error) {
      this.#refuse(error)
    }
  }

  #planned(plan: RequestPlan): void {
    if (this.#over) return
    const { trace, route } = this.#admitted
    trace.model = plan.model
    trace.modelAsked = plan.asked
    this.#reserve({ plan, body: route.body === 'none' ? null : plan.body })
  }

  #reserve(sent: Sent): void {
    const { principal, route } = this.#admitted
    const { model, prompt } = sent.plan ?? { model: null, prompt: NO_PROMPT }
    const reserved = this.#deps.limited.reserve({ principal, route, model, prompt })
    if (reserved instanceof Promise)
      reserved.then((answer) => this.#reserved(sent, answer)).catch((error: unknown) => this.#refuse(error))
    else this.#reserved(sent, reserved)
  }

  #reserved(sent: Sent, answer: Reserved | undefined): void {
    if (answer?.kind === 'refused') return this.#refuse(answer.error, answer.headers)
    if (this.#over) return answer?.release()
    this.#begin(sent, answer ?? null)
  }

  #begin(sent: Sent, reservation: Reservation | null): void {
    this.#over = true
    const exchange = this.#deps.begin(this.#client, this.#admitted, { ...sent, reservation })
    this.#deps.running.remove(this)
    const collector = this.#collector
    if (collector !== undefined) exchange.whenOver(() => collector.release())
  }

  #refuse(error: unknown, limits: readonly string[] = []): void {
    if (this.#over) return
    const known = error instanceof GatewayError ? error : new GatewayError('internal', { cause: error })
    if (known !== error) {
      const { id, context } = this.#admitted.trace
      this.#deps.log.error({ err: error, id, trace: context?.traceId }, 'A request could not be read')
    }
    const rendered = this.#deps.dialects.renderError(known, this.#admitted.route.dialect)
    const headers = [...rendered.headers, ...limits, ...this.#admitted.extraHeaders]
    this.#deps.respond(this.#client, { ...rendered, headers }, this.#admitted.trace)
    this.#end(rendered.status, 'refused', known)
  }

  #end(status: number, ending: ExchangeEnding, error: GatewayError | null): void {
    if (this.#over) return
    this.#over = true
    this.#collector?.release()
    this.#deps.record(this.#admitted.trace.record(status, ending, error?.code ?? null))
    this.#deps.running.remove(this)
  }
}
