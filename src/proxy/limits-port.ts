import type { Principal } from '../auth/principal.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { Prompt } from './prompt.ts'
import type { Route } from './route.ts'

/** What the proxy asks of limits: once for each exchange, when it is known what it wants and before anybody works on it. */
export interface LimitsPort {
  /** Undefined: nothing limits it. */
  reserve(request: ReserveRequest): Reserved | undefined | Promise<Reserved>
}

export interface ReserveRequest {
  readonly principal: Principal
  readonly route: Route
  /** Canonical; null where the request runs none. */
  readonly model: string | null
  readonly prompt: Prompt
}

export type Reserved = Reservation | LimitRefusal

/** 429: what is used up, and when it will not be any more. */
export interface LimitRefusal {
  readonly kind: 'refused'
  readonly error: GatewayError
  /** How the limits stand, as header fields. */
  readonly headers: readonly string[]
}

/** What was set aside for one exchange. What it really took is charged from its record. */
export interface Reservation {
  readonly kind: 'reserved'
  /** How the limits stand, for the head of the answer. */
  readonly headers: readonly string[]
  /** Whether tokens or money are limited: then what passes of an answer counts, though nobody else tells it. */
  readonly counts: boolean
  /** How many tokens the answer may get to before it has to ask for more; Infinity where nothing ends it. */
  readonly answerTokens: number
  /** How many it may get to now that it has got to so many; fewer than that: the budget is used up. */
  extend(reached: number): number
  /** What the answer is told that may get no longer: whose budget ends it. */
  exhausted(): GatewayError
  /** Once, in every ending. */
  release(): void
}
