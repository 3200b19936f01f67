import type { Authenticator } from '../auth/authenticator.ts'
import type { ConsoleSessions } from '../auth/console-sessions.ts'
import type { TokenDigester } from '../auth/console-token.ts'
import { parseCredential } from '../auth/credential.ts'
import type { Principal } from '../auth/principal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Route } from '../proxy/route.ts'
import { checkSessionUse } from './csrf-guard.ts'
import { type Arrived, credentials, type Identify, type IdentifyDeps, noteCaller } from './identify.ts'
import { sessionToken } from './session-cookie.ts'

export interface SessionIdentifyDeps extends Pick<IdentifyDeps, 'allowsScope' | 'scopeDenied'> {
  readonly sessions: Pick<ConsoleSessions, 'find'>
  readonly digester: Pick<TokenDigester, 'csrf'>
  readonly authenticator: Pick<Authenticator, 'authenticate'>
}

/** As `byCredential`, but that the cookie of a session counts too, where it does. */
export function createSessionIdentify(deps: SessionIdentifyDeps, byCredential: Identify): Identify {
  return (arrived) => {
    const { route, request } = arrived
    if (route.scope === 'open' || !takesCookie(route)) return byCredential(arrived)
    const token = sessionToken(request.headers)
    const session = token === undefined ? undefined : deps.sessions.find(token)
    if (token === undefined || session === undefined) return withoutSession(arrived, { token, byCredential })
    if (hasCredential(arrived)) return withBoth(arrived, session, deps) ?? byCredential(arrived)
    return judge(arrived, { session, csrf: () => deps.digester.csrf(token) }, deps)
  }
}

/** A cookie goes along with all that a browser asks of a host; what a program asks is not to be asked by a page. */
function takesCookie({ pattern }: Route): boolean {
  return pattern.startsWith('/admin/') || pattern.startsWith('/console/')
}

interface NoSession {
  /** Of a session that is over. */
  readonly token: string | undefined
  readonly byCredential: Identify
}

function withoutSession(arrived: Arrived, { token, byCredential }: NoSession): ReturnType<Identify> {
  const isLoggedOut = token !== undefined && !hasCredential(arrived)
  return arrived.route.scope === 'session' || isLoggedOut ? new GatewayError('no_session') : byCredential(arrived)
}

function hasCredential({ request, target }: Arrived): boolean {
  return parseCredential(request.headers, target.pathKey).kind !== 'none'
}

/** Why a key and a session do not go together; undefined: they are of the same key, which then counts. */
function withBoth(
  arrived: Arrived,
  session: Principal,
  { authenticator }: SessionIdentifyDeps,
): GatewayError | undefined {
  const result = authenticator.authenticate(credentials(arrived))
  if (result.kind === 'refused') return result.error
  return result.principal.keyId === session.keyId ? undefined : new GatewayError('conflicting_credentials')
}

interface Shown {
  readonly session: Principal
  readonly csrf: () => string
}

function judge(arrived: Arrived, { session, csrf }: Shown, deps: SessionIdentifyDeps): Principal | GatewayError {
  const { route, request, trace } = arrived
  const error = checkSessionUse(request, csrf)
  if (error === undefined && deps.allowsScope(session, route)) return session
  if (trace !== null) noteCaller(trace, session)
  return error ?? deps.scopeDenied(session, route)
}
