import { GatewayError } from '../errors/gateway-error.ts'
import { addTraceHeaders } from '../lib/trace-context.ts'
import { cacheWish } from './cache-wish.ts'
import type { ClientPort } from './client-port.ts'
import { BodyCollector } from './collect-body.ts'
import { toUpstreamHeaders } from './end-to-end-headers.ts'
import { Exchange } from './exchange.ts'
import type { Asking, ExchangeDeps } from './exchange-request.ts'
import { createPolicyOf } from './model-policy.ts'
import { type BeginExchange, PendingExchange } from './pending-exchange.ts'
import { NO_PROMPT } from './prompt.ts'
import type { Admitted, ProxyDeps } from './proxy-request.ts'
import type { RequestPlan } from './request-plan.ts'
import { createRunningExchanges, type RunningExchanges } from './running-exchanges.ts'
import { createStayKeeper } from './stay-keeper.ts'
import { upstreamChoice } from './upstream-choice.ts'
import type { BodyStream, UpstreamRequest } from './upstream.ts'

/** Exchanges from an admitted request to their record. */
export interface Proxy {
  readonly running: Pick<
    RunningExchanges,
    'size' | 'add' | 'remove' | 'endKey' | 'endSession' | 'endAll' | 'idle' | 'members'
  >
  handle(client: ClientPort, admitted: Admitted): void
  /** The whole body of a request, for an answer of Corral's own. */
  collect(admitted: Pick<Admitted, 'body' | 'trace'> & { readonly maxBytes?: number }): Collecting
  stop(): void
}

export interface Collecting {
  /** Rejects with GatewayError. */
  readonly bytes: Promise<Uint8Array>
  cancel(): void
}

const SWEEP_MS = 1000

export function createProxy(deps: ProxyDeps): Proxy {
  const running = createRunningExchanges()
  const stays = createStayKeeper(createPolicyOf(deps.policies), () => performance.now())
  const exchangeDeps: ExchangeDeps = {
    ...deps,
    began: stays.began,
    running: () => running.size,
    over(exchange, record) {
      running.remove(exchange)
      deps.record(record)
    },
  }
  const sweep = setInterval(() => {
    const now = performance.now()
    running.checkDeadlines(now)
    stays.checkDeadlines(now)
  }, SWEEP_MS)

  const begin: BeginExchange = (client, admitted, sent) => {
    const { route, principal, trace, extraHeaders } = admitted
    const headers = toUpstreamHeaders(client.request.headers)
    if (trace.context !== null) addTraceHeaders(headers, trace.context)
    const body = sent.plan === null ? metered(admitted.body, (bytes) => passed(bytes)) : sent.body
    const bodyUnasked = sent.plan?.bodyUnasked
    const upstream = { method: route.method, target: admitted.target, headers, body, bodyUnasked, once: !route.retry }
    const named = upstreamChoice(client.request.headers)
    const request = {
      trace,
      route,
      principal,
      asking: askingOf(sent.plan, upstream),
      named: named instanceof GatewayError ? null : named,
      format: sent.plan?.format ?? null,
      cacheWish: deps.caches ? cacheWish(client.request.headers) : 'any',
      extraHeaders: sent.reservation === null ? extraHeaders : [...sent.reservation.headers, ...extraHeaders],
      reservation: sent.reservation,
    }
    const exchange = new Exchange(client, request, exchangeDeps)
    const passed = (bytes: number): void => {
      trace.bytesIn += bytes
      exchange.uploaded()
    }
    running.add(exchange)
    // Revoked while its body was on the way: what ends running exchanges has not seen this one.
    if (!deps.isLive(principal)) exchange.stop('key-revoked', new GatewayError('wrong_credential'), 'refused')
    else if (named instanceof GatewayError) exchange.stop('refused-answer', named, 'refused')
    else exchange.start()
    return exchange
  }

  const pendingDeps = { ...deps, begin, running }

  return {
    running,
    handle(client, admitted) {
      const watched = deps.bodies?.watch(client, admitted)
      if (watched === undefined) new PendingExchange(client, admitted, pendingDeps).start()
      else new PendingExchange(watched.client, { ...admitted, body: watched.body }, pendingDeps).start()
    },
    collect: ({ body, trace, maxBytes = deps.maxBodyBytes }) =>
      collectBytes(body, trace, { ...deps, maxBodyBytes: maxBytes }),
    stop: () => clearInterval(sweep),
  }
}

/** What upstreams are asked for a plan: `first` as it is, and for another model its body in the place of the first's. */
function askingOf(plan: RequestPlan | null, first: UpstreamRequest): Asking {
  if (plan === null) return { model: null, upstream: first, prompt: NO_PROMPT, another: () => undefined }
  return {
    model: plan.model,
    upstream: first,
    prompt: plan.prompt,
    another() {
      const next = plan.another()
      return next === undefined
        ? undefined
        : askingOf(next, { ...first, body: next.body, bodyUnasked: next.bodyUnasked })
    },
  }
}

function collectBytes(body: BodyStream | null, trace: Admitted['trace'], deps: ProxyDeps): Collecting {
  if (body === null) return { bytes: Promise.resolve(new Uint8Array(0)), cancel: () => {} }
  let cancel = (): void => {}
  const bytes = new Promise<Uint8Array>((resolve, reject) => {
    const limits = { maxBytes: deps.maxBodyBytes, budget: deps.budget }
    const collector = new BodyCollector(body, limits, {
      collected(whole) {
        trace.bytesIn = whole.length
        resolve(whole)
        cancel()
      },
      refused: (error) => reject(error),
    })
    cancel = () => collector.release()
  })
  return { bytes, cancel: () => cancel() }
}

/** Passes an upload on and tells how much of it has passed. */
function metered(body: BodyStream | null, passed: (bytes: number) => void): BodyStream | null {
  if (body === null) return null
  return {
    ...(body.length === undefined ? {} : { length: body.length }),
    start: (to) =>
      body.start({
        data(chunk) {
          passed(chunk.length)
          return to.data(chunk)
        },
        end: () => to.end(),
        fail: (reason) => to.fail(reason),
      }),
  }
}
