import type { Principal } from '../auth/principal.ts'
import type { TokenUsage } from '../dialects/token-usage.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { Prompt } from './prompt.ts'
import type { Route } from './route.ts'

/** What the proxy asks of limits: once for each exchange, when it is known what it wants and before anybody works on it. */
export interface LimitsPort {
  /** Undefined: nothing limits it. An error (429) says what is used up and when it will not be any more. */
  reserve(request: ReserveRequest): Reservation | GatewayError | undefined
}

export interface ReserveRequest {
  readonly principal: Principal
  readonly route: Route
  /** Canonical; null where the request runs none. */
  readonly model: string | null
  readonly prompt: Prompt
}

/** What was set aside for one exchange. */
export interface Reservation {
  /** `x-ratelimit-*`, for the head of the answer. */
  readonly headers: readonly string[]
  /** How many tokens the answer may still get to; Infinity where nothing ends it. To be asked now and then. */
  tokensLeft(): number
  /** What it really took; once, whatever became of it. Null: nothing, as far as anybody knows. */
  settle(used: { readonly model: string | null; readonly usage: TokenUsage | null }): void
}
