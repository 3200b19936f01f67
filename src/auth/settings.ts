import { z } from 'zod'
import {
  choice,
  duration,
  filePath,
  listOf,
  secret,
  secretFile,
  section,
  setting,
  textSetting,
  toggle,
} from '../lib/setting.ts'
import { readSecret, type SettingsContext } from '../lib/settings-context.ts'
import type { Secret } from '../lib/secret.ts'
import { isScope, scopes, type Scope } from './scope.ts'

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

const scopeNames = scopes.map((name) => `\`${name}\``).join(', ')

const tokenScopes = listOf(
  setting(z.string(), (name) => (isScope(name) ? name : undefined), {
    wanted: `one of ${scopes.join(', ')}`,
    description: 'A scope.',
  }),
  { wanted: 'a list of scopes', description: `What \`token\` may do, of ${scopeNames}.` },
)

export const authSlice = {
  auth: section('Who may come in.', {
    mode: choice(
      ['keys', 'none'],
      '`keys`, or `none` to let everybody in who reaches the gateway, agents too (into pool `default`).',
    ).prefault('keys'),
    none_public: toggle('Whether `mode: none` may listen beyond loopback, open to anyone.').prefault('off'),
    path_keys: toggle('Whether a key may stand in the path: `/k/KEY/...`.').prefault('on'),
    key_file: filePath('File with one key per line, read again when it changes.').optional(),
    key_salt: secret('Salt of the key file; without one the file holds plain keys.'),
    key_salt_file: secretFile('key_salt'),
    key_separator: textSetting({
      wanted: 'text',
      description: 'Stands between key and salt in what the key file has SHA-256 hashes of.',
    }).prefault('@separator@'),
    key_refresh: duration({
      description: 'How often the key file is looked at.',
      minMs: 100,
      maxMs: 86_400_000,
    }).prefault('10s'),
    tokens_file: filePath('JSON file with an array of keys (`authTokens.json`), watched live.').optional(),
    token: secret('One shared key beside those of the store.'),
    token_file: secretFile('token'),
    token_scopes: tokenScopes.prefault(['chat', 'embed', 'models:read', 'models:write', 'agent']),
  }).prefault({}),
}

export function toAuthSettings(
  { auth: raw }: z.output<z.ZodObject<typeof authSlice>>,
  context: SettingsContext,
): AuthSettings {
  const path = (written: string | undefined, name: string) =>
    written === undefined ? null : context.absolutePath(written, ['auth', name])
  const token = readSecret({ value: raw.token, file: raw.token_file }, ['auth', 'token'], context)
  if (token !== null && !/^[\x21-\x7e]{1,1024}$/.test(token.reveal())) {
    context.problem(['auth', 'token'], 'should be visible ASCII characters without spaces, at most 1024')
  }
  return {
    mode: raw.mode,
    nonePublic: raw.none_public,
    pathKeys: raw.path_keys,
    keyFile: path(raw.key_file, 'key_file'),
    keySalt: readSecret({ value: raw.key_salt, file: raw.key_salt_file }, ['auth', 'key_salt'], context),
    keySeparator: raw.key_separator,
    keyRefreshMs: raw.key_refresh,
    tokensFile: path(raw.tokens_file, 'tokens_file'),
    token,
    tokenScopes: [...new Set(raw.token_scopes)],
  }
}
