import type { Principal } from '../auth/principal.ts'
import type { RenderedError } from '../dialects/error-body.ts'
import type { StreamFormat } from '../dialects/stream-format.ts'
import type { ClientPort } from './client-port.ts'
import type { ExchangeRecord } from './exchange-record.ts'
import type { ExchangeTrace } from './exchange-trace.ts'
import type { Exchange } from './exchange.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { Route } from './route.ts'
import type { Router } from './router.ts'
import type { UpstreamRequest } from './upstream.ts'

/** A request that was let in and planned: nothing about it is in doubt but who answers it. */
export interface ExchangeRequest {
  readonly trace: ExchangeTrace
  readonly route: Route
  readonly principal: Principal
  /** Canonical; null where the request names none. */
  readonly model: string | null
  readonly upstream: UpstreamRequest
  /** Null: the answer is one whole. */
  readonly format: StreamFormat | null
  /** Go with every answer: CORS. */
  readonly extraHeaders: readonly string[]
}

export interface ExchangeDeps {
  readonly router: Router
  readonly retries: RetryBudget
  readonly limits: { readonly firstByteTimeoutMs: number; readonly idleTimeoutMs: number }
  /** How many exchanges run. */
  running(): number
  /** A whole answer of Corral's own. */
  respond(client: ClientPort, answer: RenderedError, trace: ExchangeTrace): void
  /** An upstream's models may have changed. */
  wrote(upstreamId: string): void
  /** Called once, when nothing more will be sent. */
  over(exchange: Exchange, record: ExchangeRecord): void
}
