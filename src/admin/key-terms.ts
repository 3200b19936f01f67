import { mayGrant, type KeyGrant } from '../auth/granting.ts'
import { findUser, invalid, type KeyTerms } from '../auth/issue-key.ts'
import type { KeyRecord, UserRecord } from '../auth/key-store.ts'
import { PLAIN_SHARE, type QueueShare } from '../auth/principal.ts'
import { defaultScopes } from '../auth/scope.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { defaultPool } from '../lib/default-pool.ts'
import type { LimitTerms } from '../lib/limit-terms.ts'
import type { AdminContext } from './admin-route.ts'
import type { KeyChangeInput, TermsInput } from './key-schemas.ts'
import { changedLimits, toLimits } from './limit-schemas.ts'

/** Whose key it is when nobody says; made on first use, so that one command is enough. */
export const defaultUser = 'admin'

/** What the input asks for, once the caller has been found strong enough to give it. */
export function grantedTerms(context: AdminContext, input: TermsInput, userLimits: LimitTerms | null): KeyTerms {
  const scopes = input.scopes ?? defaultScopes
  const terms = {
    user: input.user ?? defaultUser,
    scopes,
    models: input.models ?? null,
    upstreams: input.upstreams ?? null,
    pools: input.pools ?? (scopes.includes('agent') ? [defaultPool] : null),
    queue: { class: input.class ?? PLAIN_SHARE.class, weight: input.weight ?? PLAIN_SHARE.weight },
    expiresAt: expiryOf(context, input) ?? null,
    limits: toLimits(input.limits),
  }
  checkGrant(context, { ...terms, userLimits })
  checkPools(context, terms.pools ?? [])
  return terms
}

/** As `grantedTerms`, for the user that the input names, who is made where it is the default one. */
export async function grantedKeyTerms(context: AdminContext, input: TermsInput): Promise<KeyTerms> {
  const name = input.user ?? defaultUser
  const user = (await context.store.listUsers()).find((candidate) => candidate.name === name)
  const terms = grantedTerms(context, input, user?.limits ?? null)
  if (user === undefined && name === defaultUser) await context.store.createUser({ name, role: 'admin' })
  return terms
}

export function checkGrant({ principal }: AdminContext, grant: KeyGrant): void {
  const judgement = mayGrant(principal, grant)
  if (judgement.kind === 'denied') throw judgement.error
}

/** Whoever changes a key, or gets its secret, could have made it as it is. */
export async function checkStrength(context: AdminContext, record: KeyRecord): Promise<UserRecord> {
  const user = findUser(await context.store.listUsers(), record.userId)
  checkGrant(context, { ...record, userLimits: user.limits })
  return user
}

/** Undefined: the input says nothing of it. */
export function expiryOf(
  { clock }: Pick<AdminContext, 'clock'>,
  input: Pick<TermsInput, 'expires_in_seconds' | 'expires_at'>,
): number | null | undefined {
  const { expires_in_seconds: seconds, expires_at: time } = input
  if (seconds != null && time != null) throw invalid('"expires_in_seconds" and "expires_at": give one of the two')
  if (seconds != null) return clock.now() + seconds * 1000
  if (time != null) return Date.parse(time)
  return seconds === null || time === null ? null : undefined
}

export type ChangedTerms = Pick<KeyRecord, 'models' | 'upstreams' | 'queue' | 'limits' | 'expiresAt'>

/** The terms of a key after a change; what the input does not name stays. */
export function changedTerms(context: AdminContext, record: KeyRecord, input: KeyChangeInput): ChangedTerms {
  const expiresAt = expiryOf(context, input)
  return {
    models: input.models === undefined ? record.models : input.models,
    upstreams: input.upstreams === undefined ? record.upstreams : input.upstreams,
    queue: changedShare(record.queue, input),
    limits: changedLimits(record.limits, input.limits),
    expiresAt: expiresAt === undefined ? record.expiresAt : expiresAt,
  }
}

function changedShare(queue: QueueShare, input: Pick<KeyChangeInput, 'class' | 'weight'>): QueueShare {
  return { class: input.class ?? queue.class, weight: input.weight ?? queue.weight }
}

function checkPools(context: AdminContext, wanted: readonly string[]): void {
  const known = context.pools()
  const unknown = wanted.find((pool) => !known.includes(pool))
  if (unknown === undefined) return
  const message = `The config has no pool ${JSON.stringify(unknown)} under agents.pools; it has ${known.join(', ')}`
  throw new GatewayError('invalid_input', { message })
}
