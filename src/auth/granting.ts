import { GatewayError } from '../errors/gateway-error.ts'
import { limitsCover, type LimitTerms, strictest } from '../lib/limit-terms.ts'
import { patternsCover } from './model-patterns.ts'
import { ALLOWED, type Judgement } from './policy.ts'
import { PLAIN_SHARE, type Principal, type QueueShare } from './principal.ts'
import type { Scope } from './scope.ts'

export interface KeyGrant {
  readonly scopes: readonly Scope[]
  readonly models: readonly string[] | null
  readonly upstreams: readonly string[] | null
  readonly expiresAt: number | null
  /** Absent: interactive, weight 1. */
  readonly queue?: QueueShare
  readonly limits?: LimitTerms | null
  /** Of the user whose key it is. */
  readonly userLimits?: LimitTerms | null
}

/** Whoever has the database and its secret at hand, at the machine itself. */
export type Creator = Principal | 'operator'

/** Nobody makes a key that is stronger than their own; an admin's lets agents in, with a key that has no other use. */
export function mayGrant(creator: Creator, grant: KeyGrant): Judgement {
  if (creator === 'operator') return ALLOWED
  const missing = grant.scopes.find((scope) => !creator.scopes.has(scope === 'agent' ? 'admin' : scope))
  if (missing !== undefined) return denied('missing_scope', `A key without scope "${missing}" cannot grant it`)
  if (!patternsCover(creator.models, grant.models)) {
    return denied('model_denied', 'A key cannot grant models beyond its own; cloud models must be named by it')
  }
  if (!upstreamsCover(creator.upstreams, grant.upstreams)) {
    return denied('missing_scope', 'A key cannot grant upstreams beyond its own')
  }
  if (creator.expiresAt != null && (grant.expiresAt === null || grant.expiresAt > creator.expiresAt)) {
    return denied('missing_scope', 'A key cannot grant one that lasts longer than itself')
  }
  if (!creator.scopes.has('admin') && !shareCovers(creator.queue, grant.queue)) {
    return denied('missing_scope', 'A key without scope "admin" cannot grant a better place in the queue than its own')
  }
  return mayLimit(creator, strictest([grant.limits, grant.userLimits]))
}

/** Whether what is limited so is limited as much as whoever makes it so. */
export function mayLimit(creator: Creator, limits: LimitTerms): Judgement {
  if (creator === 'operator' || limitsCover(strictest([creator.limits, creator.userLimits]), limits)) return ALLOWED
  return denied('missing_scope', 'A key that has limits cannot grant wider ones than its own')
}

function shareCovers(own: QueueShare = PLAIN_SHARE, wanted: QueueShare = PLAIN_SHARE): boolean {
  return wanted.weight <= own.weight && (own.class === 'interactive' || wanted.class === 'batch')
}

function upstreamsCover(granted: readonly string[] | null, wanted: readonly string[] | null): boolean {
  return granted === null || (wanted !== null && wanted.every((upstream) => granted.includes(upstream)))
}

function denied(code: 'missing_scope' | 'model_denied', message: string): Judgement {
  return { kind: 'denied', error: new GatewayError(code, { message }) }
}
