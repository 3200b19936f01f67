import type { LimitTerms } from '../lib/limit-terms.ts'
import type { Scope } from './scope.ts'

/** Who a request turned out to be. Frozen; one object per key, shared by its requests. */
export interface Principal {
  readonly user: string
  /** Public id of the key, safe in logs: never the secret. `AUTH_TOKEN` and key files have ids too. */
  readonly keyId: string
  readonly keyName: string
  readonly scopes: ReadonlySet<Scope>
  /** Globs over canonical model names; null is every local model. Cloud models need a pattern that names them. */
  readonly models: readonly string[] | null
  /** Names of the upstreams this key may reach; null is all. */
  readonly upstreams: readonly string[] | null
  /** Names of the pools that an agent with this key may join; null is none. */
  readonly pools: readonly string[] | null
  /** Milliseconds since the epoch; null or absent is never. A key cannot grant one that outlives it. */
  readonly expiresAt?: number | null
  /** Absent: interactive, weight 1. */
  readonly queue?: QueueShare
  /** Of the user in the store, whose name may have been another's before; absent where the key is none of the store's. */
  readonly userId?: string
  /** It came by a carrier that leaks, or can be replayed: nothing is managed with it. */
  readonly isWeak?: true
  /** What the session is called by that a cookie stands for; absent where a key came itself. */
  readonly session?: string
  /** Of this key; absent is none. */
  readonly limits?: LimitTerms
  /** Of all keys of the user together; absent is none. */
  readonly userLimits?: LimitTerms
  /** Shared by everything that this key turns out to be. */
  readonly use?: KeyUse
}

/** Whether a key has opened something since this was last looked at. */
export interface KeyUse {
  noted: boolean
}

export const queueClasses = ['interactive', 'batch'] as const

/** A whole number from 1. */
export const MAX_WEIGHT = 100

/** What a key may expect of the queue. */
export interface QueueShare {
  /** Whoever waits interactively goes before any batch. */
  readonly class: (typeof queueClasses)[number]
  /** A key of weight 2 gets twice the service of a key of weight 1 while both wait. */
  readonly weight: number
}

export function isPlainShare(share: QueueShare): boolean {
  return share.class === 'interactive' && share.weight === 1
}

export const PLAIN_SHARE: QueueShare = Object.freeze<QueueShare>({ class: 'interactive', weight: 1 })
