import { Buffer } from 'node:buffer'
import type { KeyObject } from 'node:crypto'
import { defaultPool } from '../lib/default-pool.ts'
import type { ForeignKey } from './foreign-keys.ts'
import type { KeyRecord, UserRecord } from './key-store.ts'
import { isPlainShare, type KeyUse, PLAIN_SHARE, type Principal } from './principal.ts'
import { adminScopes, allowedScopes } from './role.ts'
import type { Scope } from './scope.ts'
import { sshKeyObject } from './ssh-key.ts'

/** One key as the directory holds it. Dead keys are held too, so that they take the same path as live ones. */
export interface KeyEntry {
  readonly kind: 'salted' | 'peppered' | 'ssh'
  readonly digest: Buffer
  readonly principal: Principal
  /** What the key may do from a carrier that leaks into logs or can be replayed: a path, a signature. */
  readonly weakPrincipal: Principal
  /** Milliseconds since the epoch; 0 for a revoked key or a disabled user. */
  readonly validUntil: number
  readonly publicKey: KeyObject | null
  /** By the secret before the last rotation: the key itself goes on when this ends. */
  readonly isPrevious: boolean
}

const DEFAULT_POOLS: readonly string[] = Object.freeze([defaultPool])
const strongScopes: ReadonlySet<Scope> = new Set(adminScopes)

/** `user`: absent where it was deleted. */
export function storedEntry(record: KeyRecord, user: UserRecord | undefined, use: KeyUse): KeyEntry {
  const live = user?.disabled === false && record.revokedAt === null
  return createEntry({
    kind: record.kind === 'ssh' ? 'ssh' : 'peppered',
    digest: record.digest,
    validUntil: live ? (record.expiresAt ?? Infinity) : 0,
    principal: Object.freeze<Principal>({
      user: record.userName,
      userId: record.userId,
      keyId: record.id,
      keyName: record.name,
      scopes: new Set(withoutMixedAgent(allowedScopes(user?.role ?? 'member', record.scopes))),
      models: record.models === null ? null : Object.freeze([...record.models]),
      upstreams: record.upstreams === null ? null : Object.freeze([...record.upstreams]),
      pools: record.pools === null ? null : Object.freeze([...record.pools]),
      expiresAt: record.expiresAt,
      queue: isPlainShare(record.queue) ? PLAIN_SHARE : Object.freeze({ ...record.queue }),
      ...(record.limits && { limits: Object.freeze({ ...record.limits }) }),
      ...(user?.limits && { userLimits: Object.freeze({ ...user.limits }) }),
      use,
    }),
  })
}

/** The same key by its secret before the last rotation, while that still opens it. */
export function previousEntry(record: KeyRecord, entry: KeyEntry): KeyEntry | undefined {
  if (record.previous === null || record.kind === 'ssh') return undefined
  const { digest, until } = record.previous
  const expiresAt = Math.min(until, record.expiresAt ?? Infinity)
  const principal = Object.freeze<Principal>({ ...entry.principal, expiresAt })
  const validUntil = Math.min(until, entry.validUntil)
  return createEntry({ kind: 'peppered', digest, validUntil, principal, isPrevious: true })
}

export function foreignEntry(key: ForeignKey): KeyEntry {
  return createEntry({
    kind: key.kind,
    digest: key.digest,
    validUntil: Infinity,
    principal: Object.freeze<Principal>({
      user: key.user,
      keyId: key.id,
      keyName: key.name,
      scopes: new Set(key.scopes),
      models: null,
      upstreams: null,
      pools: key.scopes.includes('agent') ? DEFAULT_POOLS : null,
      expiresAt: null,
      queue: PLAIN_SHARE,
    }),
  })
}

/** Scope `agent` stands alone: a row that has it beside others was not made here, and opens no tunnel. */
function withoutMixedAgent(scopes: readonly Scope[]): readonly Scope[] {
  return scopes.length === 1 ? scopes : scopes.filter((scope) => scope !== 'agent')
}

interface EntryParts {
  readonly kind: KeyEntry['kind']
  readonly digest: string
  readonly validUntil: number
  readonly principal: Principal
  readonly isPrevious?: boolean
}

function createEntry({ kind, digest, validUntil, principal, isPrevious = false }: EntryParts): KeyEntry {
  const ssh = kind === 'ssh'
  return Object.freeze({
    kind,
    digest: Buffer.from(digest, ssh ? 'base64' : 'hex'),
    validUntil,
    principal,
    weakPrincipal: weaken(principal),
    publicKey: ssh ? sshKeyObject(digest) : null,
    isPrevious,
  })
}

function weaken(principal: Principal): Principal {
  const scopes = new Set([...principal.scopes].filter((scope) => !strongScopes.has(scope)))
  return Object.freeze<Principal>({ ...principal, scopes, isWeak: true })
}
