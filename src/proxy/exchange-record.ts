import type { Dialect } from '../dialects/dialect.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import type { TraceContext } from '../lib/trace-context.ts'
import type { RouteKind } from './route.ts'

/** What is left of an exchange when it is over, for the books and the request log. Never a key, never a prompt. */
export interface ExchangeRecord {
  readonly id: string
  /** Milliseconds since the epoch, when the request arrived. */
  readonly time: number
  readonly user: string | null
  /** Of the user in the store: names are used again. */
  readonly userId: string | null
  /** Public id of the key. */
  readonly keyId: string | null
  readonly keyName: string | null
  readonly method: string
  /** Without query, and with a path key redacted. */
  readonly path: string
  /** Pattern of the route; null where there is none. */
  readonly route: string | null
  readonly kind: RouteKind | null
  readonly dialect: Dialect | null
  /** Canonical name of the model that the request named. */
  readonly modelAsked: string | null
  /** Of the one that answered, or was asked last. */
  readonly model: string | null
  /** The upstream that answered, or was tried last. */
  readonly upstream: string | null
  /** How often an upstream was asked. */
  readonly attempts: number
  /** What the client was sent; 499 where it left first. */
  readonly status: number
  /** Body bytes from and to the client. */
  readonly bytesIn: number
  readonly bytesOut: number
  /** Of the answer, as they were passed on. */
  readonly chunks: number
  /** From arrival until an upstream was granted. */
  readonly queueMs: number
  /** From arrival until the first body byte of the answer. */
  readonly ttftMs: number | null
  readonly totalMs: number
  /** How long the upstream says that it loaded the model. */
  readonly loadMs: number | null
  /** Null where the upstream did not say; counted here then, about, where a budget depends on it. */
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  /** Of the prompt, what the upstream had in a cache of its own. */
  readonly cachedTokens: number | null
  /** What the cache had to do with it; null: it was not asked. */
  readonly cache: CacheOutcome | null
  readonly ending: ExchangeEnding
  readonly error: ErrorCode | null
  /** Null where nobody has begun a trace. */
  readonly trace: TraceContext | null
  /** What it went through, in order; null where nobody asked for that. */
  readonly steps: readonly TraceStep[] | null
}

/** Waiting for a place, or an attempt at an upstream. Times are milliseconds since the exchange arrived. */
export interface TraceStep {
  /** Null: waiting. */
  readonly upstream: string | null
  readonly startMs: number
  readonly endMs: number
}

export type CacheOutcome = 'hit' | 'miss' | 'coalesced' | 'bypass'

/** Whether no upstream did anything for it. */
export function isReplayed(cache: CacheOutcome | null): boolean {
  return cache === 'hit' || cache === 'coalesced'
}

export type ExchangeEnding =
  | 'complete'
  /** Answered by Corral with an error: no upstream was asked, none could be, or the request's own body failed. */
  | 'refused'
  | 'client-gone'
  | 'upstream-failed'
  /** What the key, its user or the model may use was used up while the answer came. */
  | 'budget-exhausted'
  | 'key-revoked'
  /** By its user or an admin, while it ran. */
  | 'stopped'
  | 'shutting-down'
  | 'timed-out'
