import type { Authenticator, CredentialRequest } from '../auth/authenticator.ts'
import type { Principal } from '../auth/principal.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { ClientRequest } from '../proxy/client-port.ts'
import type { ExchangeTrace } from '../proxy/exchange-trace.ts'
import type { Route } from '../proxy/route.ts'
import type { ParsedTarget } from './request-target.ts'

export interface IdentifyDeps {
  readonly authenticator: Pick<Authenticator, 'authenticate'>
  allowsScope(principal: Principal, route: Route): boolean
  scopeDenied(principal: Principal, route: Route): GatewayError
}

export interface Arrived {
  readonly request: ClientRequest
  readonly target: ParsedTarget
  readonly route: Route
  /** Is told who it was that may not; null: nobody keeps that. */
  readonly trace: Caller | null
}

export type Caller = Pick<ExchangeTrace, 'user' | 'userId' | 'keyId' | 'keyName'>

/** Who comes, if the route lets them in: a principal, null on an open route, or why not. */
export type Identify = (arrived: Arrived) => Principal | GatewayError | null

export function createIdentify(deps: IdentifyDeps): Identify {
  return (arrived) => {
    const { route } = arrived
    if (route.scope === 'open' && route.pattern !== '/health') return null
    const result = deps.authenticator.authenticate(credentials(arrived))
    // Anyone may ask after the health; an admin is told more.
    if (route.scope === 'open') return result.kind === 'principal' ? result.principal : null
    if (result.kind === 'refused') return result.error
    if (deps.allowsScope(result.principal, route)) return result.principal
    if (arrived.trace !== null) noteCaller(arrived.trace, result.principal)
    return deps.scopeDenied(result.principal, route)
  }
}

export function noteCaller(caller: Caller, { user, userId, keyId, keyName }: Principal): void {
  caller.user = user
  caller.userId = userId ?? null
  caller.keyId = keyId
  caller.keyName = keyName
}

export function credentials({ request, target }: Arrived): CredentialRequest {
  const { method, headers, address, confidential, connection } = request
  const { path, query, pathKey } = target
  return { method, path, query, headers, pathKey, address, confidential, connection }
}
