import type { Principal } from '../auth/principal.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { Route } from './route.ts'
import type { Upstream } from './upstream.ts'

/** What the proxy asks of routing: a place for one attempt, now or after a wait. */
export interface Router {
  /** Calls `to` exactly once, possibly before it returns, unless the returned function was called first. */
  request(request: RouteRequest, to: RouteReceiver): CancelRoute
}

export type CancelRoute = () => void

export interface RouteRequest {
  /** Canonical model name; null where the request names none. */
  readonly model: string | null
  readonly route: Route
  readonly principal: Principal
  /** Upstreams that failed this exchange already. */
  readonly tried: ReadonlySet<string>
}

export interface RouteReceiver {
  granted(claim: Claim): void
  refused(error: GatewayError): void
}

/** A place at one upstream. Both calls are owed: `report` what became of it, `release` when the slot is free. */
export interface Claim {
  readonly upstream: Upstream
  report(outcome: AttemptOutcome): void
  release(): void
}

/** `unreachable`, `broken` and `refused-key` speak against an upstream's health; the others never do. */
export type AttemptOutcome = 'answered' | 'busy' | 'unreachable' | 'broken' | 'refused-key' | 'cancelled'
