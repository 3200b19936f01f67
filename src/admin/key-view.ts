import type { KeyRecord, UserRecord } from '../auth/key-store.ts'
import type { KeyView, UserView } from './schemas.ts'

/** What may be told about a key: neither its secret nor the digest of it. */
export function keyView(record: KeyRecord, at: { readonly now: number; readonly userDisabled: boolean }): KeyView {
  return {
    id: record.id,
    name: record.name,
    user: record.userName,
    kind: record.kind,
    scopes: [...record.scopes],
    models: record.models === null ? null : [...record.models],
    upstreams: record.upstreams === null ? null : [...record.upstreams],
    pools: record.pools === null ? null : [...record.pools],
    class: record.queue.class,
    weight: record.queue.weight,
    created_at: toIso(record.createdAt),
    expires_at: record.expiresAt === null ? null : toIso(record.expiresAt),
    revoked_at: record.revokedAt === null ? null : toIso(record.revokedAt),
    state: keyState(record, at),
    hint: record.hint,
  }
}

export function userView(user: UserRecord, keys: readonly KeyRecord[], now: number): UserView {
  const at = { now, userDisabled: user.disabled }
  const active = keys.filter((key) => key.userId === user.id && keyState(key, at) === 'active')
  return {
    id: user.id,
    name: user.name,
    state: user.disabled ? 'disabled' : 'active',
    created_at: toIso(user.createdAt),
    active_keys: active.length,
  }
}

function keyState(record: KeyRecord, at: { readonly now: number; readonly userDisabled: boolean }): KeyView['state'] {
  if (record.revokedAt !== null) return 'revoked'
  if (record.expiresAt !== null && record.expiresAt <= at.now) return 'expired'
  return at.userDisabled ? 'disabled' : 'active'
}

function toIso(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
