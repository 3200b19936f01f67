import type { Secret } from '../lib/secret.ts'
import type { Scope } from './scope.ts'

export interface AuthSettings {
  readonly mode: 'keys' | 'none'
  /** Whether `mode: none` is wanted although the gateway listens beyond loopback. */
  readonly nonePublic: boolean
  readonly pathKeys: boolean
  /** Absolute path. */
  readonly keyFile: string | null
  /** Null: the key file holds plain keys. */
  readonly keySalt: Secret | null
  /** Stands between key and salt in what is hashed. */
  readonly keySeparator: string
  readonly keyRefreshMs: number
  /** Absolute path. */
  readonly tokensFile: string | null
  readonly token: Secret | null
  readonly tokenScopes: readonly Scope[]
}
