import type { LimitTerms } from '../lib/limit-terms.ts'
import type { UpstreamTables } from '../upstreams/upstream-tables.ts'
import type { AuditEntry, AuditRecord } from './audit.ts'
import type { SessionTables } from './console-session.ts'
import type { QueueShare } from './principal.ts'
import type { Role } from './role.ts'
import type { Scope } from './scope.ts'

export interface UserRecord {
  readonly id: string
  readonly name: string
  readonly disabled: boolean
  readonly role: Role
  /** Of all its keys together; null is none. */
  readonly limits: LimitTerms | null
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

export interface NewUser {
  readonly name: string
  /** Absent: member. */
  readonly role?: Role
  readonly limits?: LimitTerms | null
}

export interface KeyRecord {
  /** Public id, safe to print and log. */
  readonly id: string
  readonly name: string
  readonly userId: string
  /** Of a deleted user, what it was called. */
  readonly userName: string
  readonly scopes: readonly Scope[]
  readonly models: readonly string[] | null
  readonly upstreams: readonly string[] | null
  /** Of a key for agents: what they may join; null for every other key. */
  readonly pools: readonly string[] | null
  readonly queue: QueueShare
  readonly limits: LimitTerms | null
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  /** To the minute. */
  readonly lastUsedAt: number | null
  /** `key`: a secret whose digest is stored. `ssh`: an enrolled ed25519 public key. */
  readonly kind: 'key' | 'ssh'
  /** HMAC-SHA-256 with the pepper, hex, of a secret; of an ssh key its base64 wire form. */
  readonly digest: string
  /** Last four characters of the secret, to recognise it by. */
  readonly hint: string
  /** The secret before this one, which opens the same until then. */
  readonly previous: { readonly digest: string; readonly until: number } | null
}

type Kept = 'userName' | 'revokedAt' | 'createdAt' | 'lastUsedAt' | 'previous' | 'limits'

/** Without `limits` it has none. */
export type NewKey = Omit<KeyRecord, Kept> & Partial<Pick<KeyRecord, 'limits'>>

export type KeyChange = Partial<
  Pick<KeyRecord, 'scopes' | 'models' | 'upstreams' | 'queue' | 'limits' | 'expiresAt' | 'digest' | 'hint' | 'previous'>
>

/** Users, keys, and what was done to them. Throws GatewayError `name_taken` or `not_found`. */
export interface KeyTables extends SessionTables, UpstreamTables {
  /** Those that were not deleted. */
  listUsers(): Promise<UserRecord[]>
  createUser(user: NewUser): Promise<UserRecord>
  setUserDisabled(name: string, disabled: boolean): Promise<void>
  changeUser(id: string, change: Partial<Pick<UserRecord, 'role' | 'limits'>>): Promise<void>
  /** Revokes its keys too; the name is free again. */
  deleteUser(id: string): Promise<void>
  /** Revoked ones too, and those of users that were deleted. */
  listKeys(): Promise<KeyRecord[]>
  createKey(key: NewKey): Promise<KeyRecord>
  changeKey(id: string, change: KeyChange): Promise<KeyRecord>
  /** By name or id. */
  revokeKey(nameOrId: string): Promise<KeyRecord>
  /** The newest first. */
  listAudit(filter: { readonly since: number; readonly limit: number }): Promise<AuditRecord[]>
  writeAudit(entry: AuditEntry): Promise<void>
  markUsed(keyIds: readonly string[]): Promise<void>
}

/**
 * Where users and keys live. What a method has acknowledged survives `kill -9`.
 * Names are unique among users, and among keys that are not revoked.
 */
export interface KeyStore extends KeyTables {
  /**
   * All that the action does, or nothing where it throws. Throws GatewayError `store_unavailable` where it cannot be
   * written; never keeps the process waiting for a lock.
   */
  change<T>(action: (tables: KeyTables) => Promise<T>): Promise<T>
  /**
   * As `change`, for what nobody waits for: false, and nothing done, where another process holds the database just
   * now. `version` stays, and what was noted last may be lost with the power.
   */
  note(action: (tables: KeyTables) => Promise<void>): Promise<boolean>
  /** A number that changes when anything above was changed by anyone, another process included; cheap to ask. */
  version(): number
  close(): Promise<void>
}
