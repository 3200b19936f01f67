import type { Authenticator, CredentialRequest } from '../auth/authenticator.ts'
import type { Principal } from '../auth/principal.ts'
import type { Dialect } from '../dialects/dialect.ts'
import { type RenderedError, renderError } from '../dialects/error-body.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Log } from '../lib/log.ts'
import { headerValue } from '../lib/raw-headers.ts'
import { acceptableRequestId, createRequestIds } from '../lib/request-id.ts'
import type { ClientPort } from '../proxy/client-port.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import { ExchangeTrace } from '../proxy/exchange-trace.ts'
import type { Admitted, Proxy } from '../proxy/proxy.ts'
import type { Route } from '../proxy/route.ts'
import { admitRequest, dialectOfPath } from './admit.ts'
import type { BodyDecoder } from './body-decoder.ts'
import type { Cors } from './cors.ts'
import type { OwnAnswer } from './own-answers.ts'
import { redactTarget, type ParsedTarget } from './request-target.ts'
import type { Respond } from './respond.ts'
import type { MatchedRoute, NoRoute, RouteTable, WrongMethod } from './route-match.ts'

export interface FrontDoorDeps {
  readonly table: RouteTable
  readonly cors: Cors
  readonly authenticator: Authenticator
  readonly allowsScope: (principal: Principal, route: Route) => boolean
  readonly scopeDenied: (route: Route) => GatewayError
  readonly proxy: Proxy
  readonly own: ReadonlyMap<string, OwnAnswer>
  readonly respond: Respond
  readonly decodeBody: BodyDecoder
  /** Whether a Host may be served without keys; against DNS rebinding. */
  readonly servesHost: (host: string | undefined) => boolean
  /** Whether a model name is one of Corral's own, which no upstream knows. */
  readonly isAlias: (name: string) => boolean
  readonly instanceId: string
  record(record: ExchangeRecord): void
  readonly log: Log
}

/** What is known of a request once its head, target and route are. */
interface Visit {
  readonly client: ClientPort
  readonly trace: ExchangeTrace
  readonly target: ParsedTarget
  readonly extraHeaders: readonly string[]
}

export interface FrontDoor {
  request(client: ClientPort): void
  /** Lets in an upgrade, or says why not. */
  admitUpgrade(client: Pick<ClientPort, 'request'>): { target: string; principal: Principal; route: Route } | GatewayError
}

/** From a request nobody believes yet to an exchange with a principal: the one way in, whatever the runtime. */
export function createFrontDoor(deps: FrontDoorDeps): FrontDoor {
  const createRequestId = createRequestIds()

  function request(client: ClientPort): void {
    const { request: head } = client
    const id = acceptableRequestId(headerValue(head.headers, 'x-request-id')) ?? createRequestId(Date.now())
    const trace = new ExchangeTrace(id, head.method)
    const admission = admitRequest(head, deps.table)
    if (admission.kind === 'refused') {
      trace.path = redactTarget(head.target)
      const rendered = renderError(admission.error, admission.dialect)
      answer(client, { ...rendered, headers: [...rendered.headers, 'connection', 'close'] }, { trace, error: admission.error })
      return
    }
    trace.path = loggedPath(admission.target)
    const visit: Visit = { client, trace, target: admission.target, extraHeaders: deps.cors.responseHeaders(head.headers) }
    const error = turnAway(client)
    if (error !== undefined) refuse(visit, error, dialectOfPath(admission.target.path))
    else if (head.method === 'OPTIONS' && preflight(visit)) return
    else if (admission.match.kind === 'route') enter(visit, admission.match)
    else notServed(visit, admission.match)
  }

  /** What speaks against a request before its route is looked at. */
  function turnAway({ request: head }: ClientPort): GatewayError | undefined {
    if (headerValue(head.headers, 'corral-instance') === deps.instanceId) return new GatewayError('gateway_loop')
    return deps.servesHost(headerValue(head.headers, 'host')) ? undefined : new GatewayError('host_denied')
  }

  function preflight(visit: Visit): boolean {
    const headers = deps.cors.preflight(visit.client.request.headers)
    if (headers === null) return false
    if (headers instanceof GatewayError) refuse(visit, headers, 'ollama')
    else answer(visit.client, { status: 204, headers: [...headers], body: '' }, { trace: visit.trace, error: null })
    return true
  }

  /** Word for word what Ollama says, so that no client is surprised. */
  function notServed(visit: Visit, match: WrongMethod | NoRoute): void {
    const error = new GatewayError(match.kind === 'none' ? 'route_not_found' : 'method_not_allowed')
    const allow = match.kind === 'none' ? [] : ['allow', match.allow.join(', ')]
    const headers = [...allow, 'content-type', 'text/plain', 'corral-error', error.code, ...visit.extraHeaders]
    answer(visit.client, { status: error.status, headers, body: error.message }, { trace: visit.trace, error })
  }

  function enter(visit: Visit, match: MatchedRoute): void {
    const { route } = match
    const principal = identify(visit, route)
    if (principal instanceof GatewayError) {
      refuse(visit, principal, route.dialect)
      return
    }
    visit.trace.user = principal?.user ?? null
    visit.trace.keyId = principal?.keyId ?? null
    const { client, trace, extraHeaders } = visit
    const body = deps.decodeBody(client.request, route)
    if (body instanceof GatewayError) {
      refuse(visit, body, route.dialect)
      return
    }
    const ownAnswer = ownAnswerOf(match)
    if (ownAnswer !== undefined) {
      void answerOwn(visit, match, { ownAnswer, principal, body })
      return
    }
    if (principal === null) throw new Error(`The open route "${route.pattern}" has no answer`)
    const target = upstreamTarget(route, visit.target)
    deps.proxy.handle(client, { route, principal, params: match.params, target, body, trace, extraHeaders })
  }

  /** Names with a slash are 404 on Ollama's own `/v1/models/NAME`, and aliases are unknown to it. */
  function ownAnswerOf({ route, params }: MatchedRoute): OwnAnswer | undefined {
    const answerer = deps.own.get(`${route.method} ${route.pattern}`)
    const name = params['name']
    if (route.kind === 'own' || name === undefined) return answerer
    return name.includes('/') || deps.isAlias(name) ? answerer : undefined
  }

  function identify(visit: Visit, route: Route): Principal | GatewayError | null {
    const { client, target } = visit
    const { method, headers, address, confidential, connection } = client.request
    const { path, query, pathKey } = target
    const credentials: CredentialRequest = { method, path, query, headers, pathKey, address, confidential, connection }
    if (route.scope === 'open') return route.pattern === '/health' ? optionalPrincipal(credentials) : null
    const result = deps.authenticator.authenticate(credentials)
    if (result.kind === 'refused') return result.error
    return deps.allowsScope(result.principal, route) ? result.principal : deps.scopeDenied(route)
  }

  function optionalPrincipal(credentials: CredentialRequest): Principal | null {
    const result = deps.authenticator.authenticate(credentials)
    return result.kind === 'principal' ? result.principal : null
  }

  async function answerOwn(
    visit: Visit,
    match: MatchedRoute,
    own: { ownAnswer: OwnAnswer; principal: Principal | null; body: Admitted['body'] },
  ): Promise<void> {
    const { client, trace, target, extraHeaders } = visit
    let gone = false
    client.onGone(() => (gone = true))
    try {
      const rendered = await own.ownAnswer({
        method: match.route.method,
        pattern: match.route.pattern,
        params: match.params,
        query: target.query,
        principal: own.principal,
        body: () => deps.proxy.collect(client, { body: own.body, trace }),
      })
      if (gone) deps.record(trace.record(499, 'client-gone', null))
      else answer(client, { ...rendered, headers: [...rendered.headers, ...extraHeaders] }, { trace, error: null })
    } catch (error) {
      if (gone) deps.record(trace.record(499, 'client-gone', null))
      else refuse(visit, knownError(error, trace), match.route.dialect)
    }
  }

  function knownError(error: unknown, trace: ExchangeTrace): GatewayError {
    if (error instanceof GatewayError) return error
    deps.log.error({ err: error, id: trace.id }, 'An answer of the gateway itself failed')
    return new GatewayError('internal', { cause: error })
  }

  function refuse(visit: Visit, error: GatewayError, dialect: Dialect): void {
    const rendered = renderError(error, dialect)
    const headers = [...rendered.headers, ...visit.extraHeaders]
    answer(visit.client, { ...rendered, headers }, { trace: visit.trace, error })
  }

  function answer(client: ClientPort, rendered: RenderedError, end: { trace: ExchangeTrace; error: GatewayError | null }): void {
    deps.respond(client, rendered, end.trace)
    deps.record(end.trace.record(rendered.status, end.error === null ? 'complete' : 'refused', end.error?.code ?? null))
  }

  function admitUpgrade({ request: head }: Pick<ClientPort, 'request'>): { target: string; principal: Principal; route: Route } | GatewayError {
    const admission = admitRequest(head, deps.table)
    if (admission.kind === 'refused') return admission.error
    if (admission.match.kind === 'none') return new GatewayError('route_not_found')
    if (admission.match.kind === 'wrong-method') return new GatewayError('method_not_allowed')
    if (deps.cors.isForeign(head.headers)) return new GatewayError('origin_denied')
    const { route } = admission.match
    const visit = { client: { request: head } as ClientPort, target: admission.target } as Visit
    const principal = identify(visit, route)
    if (principal instanceof GatewayError) return principal
    if (principal === null || route.kind === 'own') return new GatewayError('upgrade_refused')
    return { target: upstreamTarget(route, admission.target), principal, route }
  }

  return { request, admitUpgrade }
}

/** The query goes along, but for the time of a CLI signature, which was meant for Corral. */
function upstreamTarget(route: Route, target: ParsedTarget): string {
  const path = route.upstreamPath ?? target.path
  return target.query === '' || /^ts=\d+$/.test(target.query) ? path : `${path}?${target.query}`
}

function loggedPath({ path, pathKey }: ParsedTarget): string {
  return pathKey === null ? path : `/k/[redacted]${path}`
}
