import type { Principal } from '../auth/principal.ts'
import type { RenderedError } from '../dialects/error-body.ts'
import type { StreamFormat } from '../dialects/stream-format.ts'
import type { CacheWish } from './cache-wish.ts'
import type { ClientPort } from './client-port.ts'
import type { ExchangeEnding, ExchangeRecord } from './exchange-record.ts'
import type { ExchangeTrace } from './exchange-trace.ts'
import type { DialectPort } from './dialect-port.ts'
import type { Reservation } from './limits-port.ts'
import type { Prompt } from './prompt.ts'
import type { AbortReason, Upstream, UpstreamRequest } from './upstream.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { RetryBudget } from './retry-budget.ts'
import type { Route } from './route.ts'
import type { Router } from './router.ts'

/** What upstreams are asked: for which model, and with which bytes. */
export interface Asking {
  /** Canonical; null where the request names none. */
  readonly model: string | null
  readonly upstream: UpstreamRequest
  readonly prompt: Prompt
  /** The same for the next model, where nobody could answer with this one. */
  another(): Asking | undefined
}

/** A request that was let in and planned: nothing about it is in doubt but who answers it. */
export interface ExchangeRequest {
  readonly trace: ExchangeTrace
  readonly route: Route
  readonly principal: Principal
  readonly asking: Asking
  /** Upstreams that the caller names. */
  readonly named: readonly string[] | null
  /** Null: the answer is one whole. */
  readonly format: StreamFormat | null
  /** What the client says of caches. */
  readonly cacheWish: CacheWish
  /** Go with every answer: how limits stand, CORS. */
  readonly extraHeaders: readonly string[]
  /** Null: nothing limits it. */
  readonly reservation: Reservation | null
}

/** An exchange as those see it who may end it. */
export interface RunningExchange {
  readonly keyId: string
  /** Of the console, that it runs for; undefined: a key came itself. */
  readonly session?: string | undefined
  stop(reason: AbortReason, error: GatewayError, ending: ExchangeEnding): void
  /** `now` on the monotonic clock, milliseconds. */
  checkDeadline(now: number): void
  /** Absent: nobody is told of it. */
  readonly watched?: WatchedExchange
}

/** An exchange as those see it who watch what happens. */
export interface WatchedExchange {
  readonly trace: ExchangeTrace
  /** `queued`: it is read, or waits for a place; `sent`: the client has seen nothing of the answer. */
  readonly stage: 'queued' | 'sent' | 'streaming'
  /** Of the answer so far, about; null: it is no stream. */
  readonly tokens: number | null
  /** What the client was sent; null: nothing yet. */
  readonly status: number | null
  /** In the queue: 1 is next. Takes longer the more wait before it. */
  position(): number | null
}

export interface ExchangeDeps {
  readonly dialects: DialectPort
  readonly router: Router
  readonly retries: RetryBudget
  /** Whether the router may know answers already. */
  readonly caches: boolean
  readonly limits: { readonly firstByteTimeoutMs: number; readonly idleTimeoutMs: number }
  /** How many exchanges run. */
  running(): number
  /** A whole answer of Corral's own. */
  respond(client: ClientPort, answer: RenderedError, trace: ExchangeTrace): void
  /** An upstream's models may have changed. */
  wrote(upstreamId: string): void
  /** A model has begun to answer there. */
  began(upstream: Upstream, asked: { readonly route: Route; readonly model: string | null }): void
  /** Called once, when nothing more will be sent. */
  over(exchange: RunningExchange, record: ExchangeRecord): void
}
