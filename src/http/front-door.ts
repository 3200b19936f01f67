import type { Principal } from '../auth/principal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Log } from '../lib/log.ts'
import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'
import { acceptableRequestId, createRequestIds } from '../lib/request-id.ts'
import type { BeginTrace } from '../lib/trace-context.ts'
import type { ClientPort, ClientRequest } from '../proxy/client-port.ts'
import { ExchangeTrace } from '../proxy/exchange-trace.ts'
import type { Proxy } from '../proxy/proxy.ts'
import type { Admitted } from '../proxy/proxy-request.ts'
import type { Route } from '../proxy/route.ts'
import { admitRequest, dialectOfPath } from './admit.ts'
import { type AgentDoor, answerAgentVisit } from './agent-visit.ts'
import type { BodyDecoder } from './body-decoder.ts'
import type { Cors } from './cors.ts'
import { type Identify, noteCaller } from './identify.ts'
import { isOfForeignPage } from './origin-guard.ts'
import type { OwnAnswer } from './own-answers.ts'
import { answerOwnVisit } from './own-visit.ts'
import { type ParsedTarget, redactTarget } from './request-target.ts'
import type { MatchedRoute, NoRoute, RouteTable, WrongMethod } from './route-match.ts'
import type { Visit, VisitEnds } from './visit.ts'

export interface FrontDoorDeps {
  readonly table: RouteTable
  readonly cors: Cors
  readonly identify: Identify
  readonly proxy: Proxy
  readonly own: ReadonlyMap<string, OwnAnswer>
  readonly agents: AgentDoor
  /** Whether what was let in before its body came still is. */
  isLive(principal: Principal): boolean
  /** Why nothing may run now that belongs into the ledger. */
  unbooked(): GatewayError | undefined
  readonly ends: VisitEnds
  readonly decodeBody: BodyDecoder
  /** Whether a Host may be served without keys; against DNS rebinding. */
  servesHost(host: string | undefined): boolean
  /** Whether a page of the request's Origin may be served without keys. */
  servesOrigin(headers: RawHeaders): boolean
  /** Whether a model name is one of Corral's own, which no upstream knows. */
  isAlias(name: string): boolean
  readonly beginTrace: BeginTrace
  /** Whether somebody wants to know the steps of sampled traces. */
  readonly followsTraces: boolean
  readonly instanceId: string
  readonly log: Log
}

export interface AdmittedUpgrade {
  readonly target: string
  readonly principal: Principal
  readonly route: Route
}

export interface FrontDoor {
  request(client: ClientPort): void
  /** Lets in an upgrade, or says why not. */
  admitUpgrade(request: ClientRequest): AdmittedUpgrade | GatewayError
}

/** From a request nobody believes yet to an exchange with a principal: the one way in, whatever the runtime. */
export function createFrontDoor(deps: FrontDoorDeps): FrontDoor {
  const createRequestId = createRequestIds()
  return {
    request(client) {
      const { headers, method } = client.request
      const id = acceptableRequestId(headerValue(headers, 'x-request-id')) ?? createRequestId(Date.now())
      const trace = new ExchangeTrace(id, method)
      trace.context = deps.beginTrace(headers)
      if (deps.followsTraces && trace.context.sampled) trace.follow()
      receive(client, trace, deps)
    },
    admitUpgrade: (request) => admitUpgrade(request, deps),
  }
}

function receive(client: ClientPort, trace: ExchangeTrace, deps: FrontDoorDeps): void {
  const { request } = client
  const admission = admitRequest(request, deps.table)
  if (admission.kind === 'refused') {
    trace.path = redactTarget(request.target)
    deps.ends.refuse({ client, trace, extraHeaders: ['connection', 'close'] }, admission.error, admission.dialect)
    return
  }
  const { target, match } = admission
  // A path that is not on the list may be a key that was put in the wrong place.
  trace.path = match.kind === 'route' ? loggedPath(target) : redactTarget(loggedPath(target))
  const visit: Visit = { client, trace, target, extraHeaders: deps.cors.responseHeaders(request.headers) }
  const error = turnAway(request, deps)
  if (error !== undefined) deps.ends.refuse(visit, error, dialectOfPath(target.path))
  else if (request.method === 'OPTIONS' && preflight(visit, deps)) return
  else if (match.kind === 'route') enter(visit, match, deps)
  else notServed(visit, match, deps)
}

/** What speaks against a request before its route is looked at. */
function turnAway({ headers }: ClientRequest, deps: FrontDoorDeps): GatewayError | undefined {
  if (headerValue(headers, 'corral-instance') === deps.instanceId) return new GatewayError('gateway_loop')
  if (!deps.servesOrigin(headers)) return new GatewayError('origin_denied')
  return deps.servesHost(headerValue(headers, 'host')) ? undefined : new GatewayError('host_denied')
}

/** False: no preflight, however it looks. */
function preflight(visit: Visit, { cors, ends }: FrontDoorDeps): boolean {
  const headers = cors.preflight(visit.client.request.headers)
  if (headers === null) return false
  if (headers instanceof GatewayError) ends.refuse(visit, headers, 'ollama')
  else ends.answer({ ...visit, extraHeaders: [] }, { status: 204, headers, body: '' })
  return true
}

/** Word for word what Ollama says, so that no client is surprised. */
function notServed(visit: Visit, match: WrongMethod | NoRoute, { ends }: FrontDoorDeps): void {
  const error = new GatewayError(match.kind === 'none' ? 'route_not_found' : 'method_not_allowed')
  const allow = match.kind === 'none' ? [] : ['allow', match.allow.join(', ')]
  const headers = [...allow, 'content-type', 'text/plain', 'corral-error', error.code]
  ends.answer(visit, { status: error.status, headers, body: error.message }, error)
}

function enter(visit: Visit, match: MatchedRoute, deps: FrontDoorDeps): void {
  const { client, trace, target, extraHeaders } = visit
  const { route, params } = match
  trace.route = route
  const isAgent = route.scope === 'agent'
  if (isAgent && isOfForeignPage(client.request.headers)) {
    deps.ends.refuse(visit, new GatewayError('origin_denied'), route.dialect)
    return
  }
  const principal = deps.identify({ request: client.request, target, route, trace })
  if (principal instanceof GatewayError) {
    deps.ends.refuse(visit, principal, route.dialect)
    return
  }
  if (principal !== null) noteCaller(trace, principal)
  const body = deps.decodeBody(client.request, route)
  if (body instanceof GatewayError) {
    deps.ends.refuse(visit, body, route.dialect)
    return
  }
  const answer = ownAnswer(match, deps)
  if (answer !== undefined) void answerOwnVisit({ visit, match, answer, principal, body }, deps)
  else if (principal === null) throw new Error(`The open route "${route.pattern}" has no answer`)
  else if (isAgent) void answerAgentVisit({ visit, principal, body }, deps)
  else
    passOn(visit, { route, principal, params, target: upstreamTarget(route, target), body, trace, extraHeaders }, deps)
}

function passOn(visit: Visit, admitted: Admitted, { unbooked, ends, proxy }: FrontDoorDeps): void {
  const refusal = unbooked()
  if (refusal === undefined) proxy.handle(visit.client, admitted)
  else ends.refuse(visit, refusal, admitted.route.dialect)
}

/** Names with a slash are 404 on Ollama's own `/v1/models/NAME`, and aliases are unknown to it. */
function ownAnswer({ route, params }: MatchedRoute, deps: FrontDoorDeps): OwnAnswer | undefined {
  const name = params['name']
  const passesOn = route.kind !== 'own' && (name === undefined || !(name.includes('/') || deps.isAlias(name)))
  return passesOn ? undefined : deps.own.get(`${route.method} ${route.pattern}`)
}

function admitUpgrade(request: ClientRequest, deps: FrontDoorDeps): AdmittedUpgrade | GatewayError {
  const admission = admitRequest(request, deps.table)
  if (admission.kind === 'refused') return admission.error
  const { target, match } = admission
  if (match.kind === 'none') return new GatewayError('route_not_found')
  if (match.kind === 'wrong-method') return new GatewayError('method_not_allowed')
  const { route } = match
  const isForeign = route.scope === 'agent' ? isOfForeignPage : deps.cors.isForeign
  if (isForeign(request.headers)) return new GatewayError('origin_denied')
  const error = turnAway(request, deps)
  if (error !== undefined) return error
  const principal = deps.identify({ request, target, route, trace: null })
  if (principal instanceof GatewayError) return principal
  if (principal === null) return new GatewayError('upgrade_refused')
  if (route.kind === 'own' && route.scope !== 'agent') return new GatewayError('upgrade_refused')
  return { target: upstreamTarget(route, target), principal, route }
}

/**
 * The query goes along, but for the time of a CLI signature, which was meant for Corral. Never with a form: Go's
 * `FormValue` prefers the query, and its `model` would be one that nobody has judged.
 */
function upstreamTarget(route: Route, target: ParsedTarget): string {
  const path = route.upstreamPath ?? target.path
  const dropped = target.query === '' || route.body === 'multipart' || /^ts=\d+$/.test(target.query)
  return dropped ? path : `${path}?${target.query}`
}

function loggedPath({ path, pathKey }: ParsedTarget): string {
  return pathKey === null ? path : `/k/[redacted]${path}`
}
