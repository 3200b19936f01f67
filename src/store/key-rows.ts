import type { KeyRecord, NewKey, UserRecord } from '../auth/key-store.ts'
import type { Scope } from '../auth/scope.ts'
import type { KeyRow, UserRow } from './schema.ts'

export function toUserRecord(row: UserRow): UserRecord {
  return { id: row.id, name: row.name, disabled: row.disabled === 1, createdAt: row.created_at }
}

export function toKeyRecord(row: KeyRow & { readonly user_name: string }): KeyRecord {
  return {
    id: row.id,
    name: row.name,
    userId: row.user_id,
    userName: row.user_name,
    // A scope that this version does not know matches no route.
    scopes: parseList(row.scopes) as Scope[],
    models: row.models === null ? null : parseList(row.models),
    upstreams: row.upstreams === null ? null : parseList(row.upstreams),
    pools: row.pools === null ? null : parseList(row.pools),
    queue: { class: row.queue_class, weight: row.queue_weight },
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    kind: row.kind,
    digest: row.digest,
    hint: row.hint,
  }
}

export function toKeyRow(key: NewKey, createdAt: number): KeyRow {
  return {
    id: key.id,
    name: key.name,
    user_id: key.userId,
    scopes: JSON.stringify(key.scopes),
    models: key.models === null ? null : JSON.stringify(key.models),
    upstreams: key.upstreams === null ? null : JSON.stringify(key.upstreams),
    pools: key.pools === null ? null : JSON.stringify(key.pools),
    queue_class: key.queue.class,
    queue_weight: key.queue.weight,
    created_at: createdAt,
    expires_at: key.expiresAt,
    revoked_at: null,
    kind: key.kind,
    digest: key.digest,
    hint: key.hint,
  }
}

/** A row that somebody edited by hand must not open more than it says: what is no list of strings is empty. */
function parseList(json: string): string[] {
  try {
    const value: unknown = JSON.parse(json)
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
  } catch {
    return []
  }
}
