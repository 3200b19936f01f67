import type { Principal } from '../auth/principal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Log } from '../lib/log.ts'
import type { BodyBudget } from './body-budget.ts'
import type { ClientPort } from './client-port.ts'
import { BodyCollector } from './collect-body.ts'
import { toUpstreamHeaders } from './end-to-end-headers.ts'
import type { ExchangeRecord } from './exchange-record.ts'
import type { ExchangeTrace } from './exchange-trace.ts'
import { Exchange } from './exchange.ts'
import type { ExchangeDeps } from './exchange-request.ts'
import { PendingExchange } from './pending-exchange.ts'
import type { ReadRules } from './read-request.ts'
import type { RequestPlan } from './request-plan.ts'
import type { Route } from './route.ts'
import type { BodyStream, UpstreamRequest } from './upstream.ts'

/** A request whose route and principal are known. */
export interface Admitted {
  readonly route: Route
  readonly principal: Principal
  readonly params: Readonly<Record<string, string>>
  /** Path and query for the upstream. */
  readonly target: string
  /** The body in plain form: decoded where it came compressed. */
  readonly body: BodyStream | null
  readonly trace: ExchangeTrace
  /** Go with every answer: CORS. */
  readonly extraHeaders: readonly string[]
}

export interface ProxyDeps extends Omit<ExchangeDeps, 'over' | 'running'> {
  readonly rules: ReadRules
  readonly budget: BodyBudget
  readonly maxBodyBytes: number
  isLive(principal: Principal): boolean
  record(record: ExchangeRecord): void
  readonly log: Log
}

/** Exchanges from an admitted request to their record, and the ways to end them from outside. */
export interface Proxy {
  handle(client: ClientPort, admitted: Admitted): void
  /** The whole body of a request, for an answer of Corral's own. Rejects with GatewayError. */
  collect(client: ClientPort, admitted: Pick<Admitted, 'body' | 'trace'>): Promise<Uint8Array>
  /** Ends what runs with this key. */
  endKey(keyId: string): void
  endAll(): void
  /** Resolves when nothing runs. */
  idle(): Promise<void>
  stop(): void
}

const SWEEP_MS = 1000

export function createProxy(deps: ProxyDeps): Proxy {
  const running = new Set<Exchange>()
  const idleWaiters: (() => void)[] = []
  const exchangeDeps: ExchangeDeps = {
    ...deps,
    running: () => running.size,
    over(exchange, record) {
      running.delete(exchange)
      deps.record(record)
      if (running.size === 0) for (const resolve of idleWaiters.splice(0)) resolve()
    },
  }
  const sweep = setInterval(() => {
    const now = performance.now()
    for (const exchange of running) exchange.checkDeadline(now)
  }, SWEEP_MS)

  function begin(client: ClientPort, admitted: Admitted, sent: { plan: RequestPlan | null; body: UpstreamRequest['body'] }): Exchange {
    const { route, principal, trace, extraHeaders } = admitted
    trace.model = sent.plan?.model ?? null
    const upstream = { method: route.method, target: admitted.target, headers: toUpstreamHeaders(client.request.headers), body: sent.body }
    const format = sent.plan?.format ?? null
    const exchange = new Exchange(client, { trace, route, principal, model: trace.model, upstream, format, extraHeaders }, exchangeDeps)
    running.add(exchange)
    // Revoked while its body was on the way: what ends running exchanges has not seen this one.
    if (deps.isLive(principal)) exchange.start()
    else exchange.stop('key-revoked', new GatewayError('wrong_credential'), 'refused')
    return exchange
  }

  return {
    handle(client, admitted) {
      if (admitted.route.body === 'stream') begin(client, admitted, { plan: null, body: countBytes(admitted) })
      else new PendingExchange(client, admitted, { ...deps, begin })
    },
    collect(client, { body, trace }) {
      return new Promise((resolve, reject) => {
        if (body === null) return resolve(new Uint8Array(0))
        const collector: BodyCollector = new BodyCollector(body, { maxBytes: deps.maxBodyBytes, budget: deps.budget }, {
          collected(bytes) {
            trace.bytesIn = bytes.length
            resolve(bytes)
            collector.release()
          },
          refused(error) {
            reject(error)
            collector.release()
          },
        })
        client.onGone(() => {
          collector.release()
          reject(new GatewayError('bad_body'))
        })
      })
    },
    endKey(keyId) {
      for (const exchange of running) {
        if (exchange.keyId === keyId) exchange.stop('key-revoked', new GatewayError('key_revoked'), 'key-revoked')
      }
    },
    endAll() {
      for (const exchange of running) exchange.stop('shutting-down', new GatewayError('shutting_down', { retryAfterSeconds: 5 }), 'shutting-down')
    },
    idle: () => (running.size === 0 ? Promise.resolve() : new Promise((resolve) => idleWaiters.push(resolve))),
    stop: () => clearInterval(sweep),
  }
}

/** Passes an upload on, counting it. */
function countBytes({ body, trace }: Admitted): BodyStream | null {
  if (body === null) return null
  return {
    ...(body.length === undefined ? {} : { length: body.length }),
    start: (to) =>
      body.start({
        data(chunk) {
          trace.bytesIn += chunk.length
          return to.data(chunk)
        },
        end: () => to.end(),
        fail: (reason) => to.fail(reason),
      }),
  }
}
