import { type RenderedError, renderError } from '../dialects/error-body.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { ClientPort } from './client-port.ts'
import { BodyCollector } from './collect-body.ts'
import type { ExchangeEnding } from './exchange-record.ts'
import type { Exchange } from './exchange.ts'
import type { Admitted, ProxyDeps } from './proxy.ts'
import { type ReadInput, readRequest } from './read-request.ts'
import type { RequestPlan } from './request-plan.ts'
import type { UpstreamRequest } from './upstream.ts'

export interface PendingDeps extends ProxyDeps {
  begin(client: ClientPort, admitted: Admitted, sent: { plan: RequestPlan; body: UpstreamRequest['body'] }): Exchange
}

/** An exchange whose body is still being read and understood. */
export class PendingExchange {
  readonly #client: ClientPort
  readonly #admitted: Admitted
  readonly #deps: PendingDeps
  #collector: BodyCollector | undefined
  #over = false

  constructor(client: ClientPort, admitted: Admitted, deps: PendingDeps) {
    this.#client = client
    this.#admitted = admitted
    this.#deps = deps
    client.onGone(() => this.#end(499, 'client-gone', null))
    if (admitted.body === null) {
      this.#collected(new Uint8Array(0))
      return
    }
    const limits = { maxBytes: deps.maxBodyBytes, budget: deps.budget }
    this.#collector = new BodyCollector(admitted.body, limits, {
      collected: (bytes) => this.#collected(bytes),
      refused: (error) => this.#refuse(error),
    })
    if (this.#over) this.#collector.release()
  }

  #collected(bytes: Uint8Array): void {
    this.#admitted.trace.bytesIn = bytes.length
    const { route, principal, params } = this.#admitted
    const input: ReadInput = { request: this.#client.request, route, principal, params }
    try {
      const plan = readRequest(input, bytes, this.#deps.rules)
      if (plan instanceof Promise) plan.then((ready) => this.#begin(ready), (error: unknown) => this.#refuse(error))
      else this.#begin(plan)
    } catch (error) {
      this.#refuse(error)
    }
  }

  #begin(plan: RequestPlan): void {
    if (this.#over) return
    this.#over = true
    const { route } = this.#admitted
    const body = route.body === 'none' ? null : plan.body
    const exchange = this.#deps.begin(this.#client, this.#admitted, { plan, body })
    const collector = this.#collector
    if (collector !== undefined) exchange.whenOver(() => collector.release())
  }

  #refuse(error: unknown): void {
    if (this.#over) return
    const known = error instanceof GatewayError ? error : new GatewayError('internal', { cause: error })
    if (known !== error) this.#deps.log.error({ err: error, id: this.#admitted.trace.id }, 'A request could not be read')
    const rendered = renderError(known, this.#admitted.route.dialect)
    this.#end(rendered.status, 'refused', known)
    const answer: RenderedError = { ...rendered, headers: [...rendered.headers, ...this.#admitted.extraHeaders] }
    this.#deps.respond(this.#client, answer, this.#admitted.trace)
  }

  #end(status: number, ending: ExchangeEnding, error: GatewayError | null): void {
    if (this.#over) return
    this.#over = true
    this.#collector?.release()
    this.#deps.record(this.#admitted.trace.record(status, ending, error?.code ?? null))
  }
}
