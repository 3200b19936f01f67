import type { QueueShare } from './principal.ts'
import type { Scope } from './scope.ts'

export interface UserRecord {
  readonly id: string
  readonly name: string
  readonly disabled: boolean
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

export interface KeyRecord {
  /** Public id, safe to print and log. */
  readonly id: string
  readonly name: string
  readonly userId: string
  readonly userName: string
  readonly scopes: readonly Scope[]
  readonly models: readonly string[] | null
  readonly upstreams: readonly string[] | null
  /** Of a key for agents: what they may join; null for every other key. */
  readonly pools: readonly string[] | null
  readonly queue: QueueShare
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  /** `key`: a secret whose digest is stored. `ssh`: an enrolled ed25519 public key. */
  readonly kind: 'key' | 'ssh'
  /** HMAC-SHA-256 with the pepper, hex, of a secret; of an ssh key its base64 wire form. */
  readonly digest: string
  /** Last four characters of the secret, to recognise it by. */
  readonly hint: string
}

export type NewKey = Omit<KeyRecord, 'userName' | 'revokedAt' | 'createdAt'>

/**
 * Where users and keys live. What a method has acknowledged survives `kill -9`.
 * Throws GatewayError `name_taken` or `not_found`. Names are unique among users, and among keys that are not revoked.
 */
export interface KeyStore {
  listUsers(): Promise<UserRecord[]>
  createUser(name: string): Promise<UserRecord>
  setUserDisabled(name: string, disabled: boolean): Promise<void>
  listKeys(): Promise<KeyRecord[]>
  createKey(key: NewKey): Promise<KeyRecord>
  /** By name or id. */
  revokeKey(nameOrId: string): Promise<KeyRecord>
  /** A number that changes when anything above was changed by anyone, another process included; cheap to ask. */
  version(): number
  close(): Promise<void>
}
