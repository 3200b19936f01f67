import type { KeyRecord, UserRecord } from '../auth/key-store.ts'
import { isPlainShare } from '../auth/principal.ts'
import { allowedScopes } from '../auth/role.ts'
import type { KeyView, UserView } from './key-schemas.ts'
import { limitsView } from './limit-schemas.ts'

export interface KeyViewContext {
  readonly now: number
  /** Absent: it was deleted. */
  readonly user: UserRecord | undefined
}

/** What may be told about a key: neither its secret nor the digest of it. */
export function keyView(record: KeyRecord, at: KeyViewContext): KeyView {
  return {
    id: record.id,
    name: record.name,
    user: record.userName,
    kind: record.kind,
    scopes: [...allowedScopes(at.user?.role ?? 'admin', record.scopes)],
    models: record.models === null ? null : [...record.models],
    upstreams: record.upstreams === null ? null : [...record.upstreams],
    pools: record.pools === null ? null : [...record.pools],
    class: record.queue.class,
    weight: record.queue.weight,
    limits: limitsView(record.limits),
    created_at: toIso(record.createdAt),
    expires_at: toIsoOrNull(record.expiresAt),
    revoked_at: toIsoOrNull(record.revokedAt),
    last_used_at: toIsoOrNull(record.lastUsedAt),
    old_secret_until: oldSecretUntil(record, at.now),
    state: keyState(record, at),
    hint: record.hint,
  }
}

export function keyViews(records: readonly KeyRecord[], users: readonly UserRecord[], now: number): KeyView[] {
  const owners = new Map(users.map((user) => [user.id, user]))
  return records.map((record) => keyView(record, { now, user: owners.get(record.userId) }))
}

export function userView(user: UserRecord, keys: readonly KeyRecord[], now: number): UserView {
  const own = keys.filter((key) => key.userId === user.id)
  const used = own.flatMap((key) => key.lastUsedAt ?? [])
  return {
    id: user.id,
    name: user.name,
    role: user.role,
    state: user.disabled ? 'disabled' : 'active',
    limits: limitsView(user.limits),
    created_at: toIso(user.createdAt),
    active_keys: own.filter((key) => keyState(key, { now, user }) === 'active').length,
    last_used_at: used.length === 0 ? null : toIso(Math.max(...used)),
  }
}

/** What the audit log keeps of a key's terms: those that are not as usual. */
export function auditedTerms(key: KeyView): Readonly<Record<string, unknown>> {
  const { id, user, scopes, models, upstreams, pools, limits, expires_at } = key
  const named = Object.entries({ models, upstreams, pools, expires_at }).filter(([, value]) => value !== null)
  return {
    id,
    user,
    scopes,
    ...Object.fromEntries(named),
    ...(!isPlainShare(key) && { class: key.class, weight: key.weight }),
    ...(Object.keys(limits).length > 0 && { limits }),
  }
}

function keyState(record: KeyRecord, { now, user }: KeyViewContext): KeyView['state'] {
  if (record.revokedAt !== null) return 'revoked'
  if (record.expiresAt !== null && record.expiresAt <= now) return 'expired'
  return user === undefined || user.disabled ? 'disabled' : 'active'
}

function oldSecretUntil({ previous, revokedAt }: KeyRecord, now: number): string | null {
  return previous === null || revokedAt !== null || previous.until <= now ? null : toIso(previous.until)
}

function toIsoOrNull(milliseconds: number | null): string | null {
  return milliseconds === null ? null : toIso(milliseconds)
}

function toIso(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}
