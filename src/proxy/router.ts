import type { Principal } from '../auth/principal.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { AnswerTimings, TokenUsage } from '../dialects/token-usage.ts'
import type { StreamFormat } from '../dialects/stream-format.ts'
import type { CacheWish } from './cache-wish.ts'
import type { Prompt } from './prompt.ts'
import type { Route } from './route.ts'
import type { Upstream, UpstreamRequest } from './upstream.ts'

/** What the proxy asks of routing: a place for one attempt, now or after a wait in the queue. */
export interface Router {
  /** Calls `to` exactly once, possibly before it returns, unless the ticket was cancelled first. */
  request(request: RouteRequest, to: RouteReceiver): RouteTicket
}

/** A request that may be waiting for its place. */
export interface RouteTicket {
  /** The client has left, or something else ended it: it waits no more. Does nothing once it was answered. */
  cancel(): void
  /** Where it stands in the queue; undefined where it does not wait there. */
  place(): QueuePlace | undefined
}

export interface QueuePlace {
  /** How many are served before it, itself included: 1 is next. */
  readonly position: number
  /** Milliseconds until it is likely to be sent. */
  readonly waitMs: number
}

export interface RouteRequest {
  /** Canonical model name; null where the request names none. */
  readonly model: string | null
  readonly route: Route
  readonly principal: Principal
  /** Upstreams that failed this exchange already. */
  readonly tried: ReadonlySet<string>
  /** Upstreams, or pools of agents, that the caller names; `*` alone stands for all. Null: it names none. */
  readonly named: readonly string[] | null
  readonly prompt: Prompt
  /** When the exchange arrived, on the routing clock: a second attempt keeps the place of the first. */
  readonly arrivedAt: number
  /** What would be sent; absent where the answer is nobody else's. */
  readonly asking?: UpstreamRequest
  /** How the answer streams; null or absent: it is one whole. */
  readonly format?: StreamFormat | null
  /** What the client says of caches; absent: nothing. */
  readonly cacheWish?: CacheWish
}

export interface RouteReceiver {
  granted(claim: Claim): void
  refused(error: GatewayError): void
}

/** A place at one upstream. `report` what became of it and `release` when the slot is free are owed; the rest helps. */
export interface Claim {
  readonly upstream: Upstream
  /** Absent: the answer is this claimant's alone. */
  readonly shared?: SharedWork
  /** The first byte of an answer that is no error has come: the model is loaded and its slot is at work. */
  began(): void
  /** The answer has ended by itself, and what it says of the work it took. */
  answered(facts: AnswerFacts): void
  report(outcome: AttemptOutcome): void
  release(): void
  /** Its upstream has stopped answering health probes since, and was taken for down: no first byte is to be hoped for. */
  isLost(): boolean
}

/** An answer that others have got, get too, or may get again. */
export interface SharedWork {
  readonly cached: 'hit' | 'miss' | 'coalesced'
  /** Who works for it; null: nobody does any more. */
  readonly worker: Upstream | null
  /** What it took, as far as it is this claimant's to answer for; null: another's, or nobody's. */
  charged(): Pick<AnswerFacts, 'usage' | 'timings'> | null
}

/** What an answer tells of the work behind it, in the upstream's own numbers. */
export interface AnswerFacts {
  readonly status: number
  /** Whether its first byte came while it was still being made. */
  readonly streamed: boolean
  readonly usage: TokenUsage | null
  /** Null where the dialect does not tell. */
  readonly timings: AnswerTimings | null
}

/**
 * `unreachable`, `broken` and `refused-key` speak against an upstream's health, `failed-model` (5xx of its own) against
 * that model on it; the others against nothing.
 */
export type AttemptOutcome =
  | 'answered'
  | 'busy'
  | 'unreachable'
  | 'broken'
  | 'failed-model'
  | 'refused-key'
  | 'cancelled'
