import type { KeyChange, KeyRecord, NewKey, UserRecord } from '../auth/key-store.ts'
import type { Scope } from '../auth/scope.ts'
import type { LimitTerms } from '../lib/limit-terms.ts'
import type { KeyRow, UserRow } from './schema.ts'

export function toUserRecord(row: UserRow): UserRecord {
  const { id, name, role } = row
  return { id, name, disabled: row.disabled === 1, role, limits: parseLimits(row.limits), createdAt: row.created_at }
}

export function toKeyRecord(row: KeyRow & { readonly user_name: string }): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    userId: row.user_id,
    userName: row.user_name,
    scopes: parseScopes(row.scopes),
    models: row.models === null ? null : parseList(row.models),
    upstreams: row.upstreams === null ? null : parseList(row.upstreams),
    pools: row.pools === null ? null : parseList(row.pools),
    queue: { class: row.queue_class, weight: row.queue_weight },
    limits: parseLimits(row.limits),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
    kind: row.kind,
    digest: row.digest,
    hint: row.hint,
    previous:
      row.previous_digest === null || row.previous_until === null
        ? null
        : { digest: row.previous_digest, until: row.previous_until },
  }
}

export function toKeyRow(key: NewKey, createdAt: number): KeyRow {
  return {
    id: key.id,
    name: key.name,
    user_id: key.userId,
    scopes: JSON.stringify(key.scopes),
    models: toJson(key.models),
    upstreams: toJson(key.upstreams),
    pools: toJson(key.pools),
    queue_class: key.queue.class,
    queue_weight: key.queue.weight,
    created_at: createdAt,
    expires_at: key.expiresAt,
    revoked_at: null,
    kind: key.kind,
    digest: key.digest,
    hint: key.hint,
    limits: toJson(key.limits ?? null),
    last_used_at: null,
    previous_digest: null,
    previous_until: null,
  }
}

/** The columns that a change names, and no others. */
export function toKeyColumns(change: KeyChange): Partial<KeyRow> {
  const { queue, previous } = change
  return {
    ...(change.scopes && { scopes: JSON.stringify(change.scopes) }),
    ...(change.models !== undefined && { models: toJson(change.models) }),
    ...(change.upstreams !== undefined && { upstreams: toJson(change.upstreams) }),
    ...(queue && { queue_class: queue.class, queue_weight: queue.weight }),
    ...(change.limits !== undefined && { limits: toJson(change.limits) }),
    ...(change.expiresAt !== undefined && { expires_at: change.expiresAt }),
    ...(change.digest !== undefined && { digest: change.digest }),
    ...(change.hint !== undefined && { hint: change.hint }),
    ...(previous !== undefined && {
      previous_digest: previous?.digest ?? null,
      previous_until: previous?.until ?? null,
    }),
  }
}

export function toJson(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value)
}

/** One that this version does not know matches no route. */
export function parseScopes(json: string): Scope[] {
  return parseList(json) as Scope[]
}

/** A row that somebody edited by hand must not open more than it says: what is no list of strings is empty. */
function parseList(json: string): string[] {
  const value = parseJson(json)
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}

/** What is no limit lets nothing through: there is no telling how much was meant. */
function parseLimits(json: string | null): LimitTerms | null {
  if (json === null) return null
  const value = parseJson(json)
  const limits = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  const isSound = limits.length > 0 && limits.every(([, limit]) => typeof limit === 'number' && limit > 0)
  return isSound ? Object.fromEntries(limits) : NOTHING
}

const NOTHING: LimitTerms = { requestsPerMinute: 0 }

/** Undefined for what is none. */
export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
