import { GatewayError } from '../errors/gateway-error.ts'
import type { Secret } from '../lib/secret.ts'
import { isCarriableKey } from './key-format.ts'
import type { KeyDigester } from './key-digest.ts'
import { defaultScopes, type Scope } from './scope.ts'

/** A key that lives outside the store. */
export interface ForeignKey {
  readonly id: string
  readonly name: string
  readonly user: string
  readonly scopes: readonly Scope[]
  /** `salted`: hex SHA-256 with the salt. `peppered`: what KeyDigester.store makes. */
  readonly kind: 'salted' | 'peppered'
  readonly digest: string
}

/** What a file holds, or a sentence about why it cannot be believed. The sentence never quotes the content. */
export type KeyFileContent =
  | { readonly kind: 'keys'; readonly keys: readonly ForeignKey[] }
  | { readonly kind: 'malformed'; readonly problem: string }

const SHA256_HEX = /^[0-9a-f]{64}$/i

/** One key per line, or with a salt one hex digest per line; blank lines and `#` comments between them. */
export function parseKeyFile(text: string, digester: KeyDigester): KeyFileContent {
  const salted = digester.presentSalted !== null
  const keys: ForeignKey[] = []
  for (const [index, raw] of withoutMark(text).split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    if (salted && !SHA256_HEX.test(line)) return malformed(`line ${index + 1} is not 64 hex digits`)
    if (!salted && !isCarriableKey(line)) return malformed(`line ${index + 1} is not a key without white space`)
    const digest = salted ? line.toLowerCase() : digester.store(line)
    keys.push(foreignKey(digester, { digest, kind: salted ? 'salted' : 'peppered', from: 'key-file' }))
  }
  return { kind: 'keys', keys }
}

/** `authTokens.json`: an array of strings. */
export function parseTokensFile(text: string, digester: KeyDigester): KeyFileContent {
  const tokens = parseStringArray(withoutMark(text))
  if (tokens === undefined) return malformed('it is not a JSON array of strings')
  const keys: ForeignKey[] = []
  for (const [index, token] of tokens.entries()) {
    if (!isCarriableKey(token)) return malformed(`entry ${index + 1} is not a key without white space`)
    keys.push(foreignKey(digester, { digest: digester.store(token), kind: 'peppered', from: 'tokens-file' }))
  }
  return { kind: 'keys', keys }
}

/** The one token of `AUTH_TOKEN`. */
export function sharedToken(token: Secret, scopes: readonly Scope[], digester: KeyDigester): ForeignKey {
  if (!isCarriableKey(token.reveal())) {
    throw new GatewayError('invalid_input', { message: 'AUTH_TOKEN is empty, too long or holds white space' })
  }
  const digest = digester.store(token.reveal())
  return { id: 'auth-token', name: 'AUTH_TOKEN', user: 'env:AUTH_TOKEN', scopes, kind: 'peppered', digest }
}

export function parseStringArray(text: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  } catch {
    // Said by the caller, who knows the file and must not quote it.
  }
  return undefined
}

/** Some editors put a byte order mark first. */
export function withoutMark(text: string): string {
  return text.startsWith('\uFEFF') ? text.slice(1) : text
}

interface ForeignOrigin {
  readonly digest: string
  readonly kind: ForeignKey['kind']
  readonly from: 'key-file' | 'tokens-file'
}

/** The id is made with the pepper: a log with salted digests in it could be tried against guesses. */
function foreignKey(digester: KeyDigester, { digest, kind, from }: ForeignOrigin): ForeignKey {
  const mark = digester.store(`${from} ${digest}`).slice(0, 16)
  return {
    id: `${from}-${mark}`,
    name: `${from} ${mark.slice(0, 6)}`,
    user: `file:${from}`,
    scopes: defaultScopes,
    kind,
    digest,
  }
}

function malformed(problem: string): KeyFileContent {
  return { kind: 'malformed', problem }
}
