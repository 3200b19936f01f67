import { Buffer } from 'node:buffer'
import type { RawHeaders } from '../lib/raw-headers.ts'
import { SSH_ED25519_LENGTH, SSH_ED25519_START } from './ssh-key.ts'

/** What a request presents, before anybody looks whether it opens anything. */
export type Credential =
  | { readonly kind: 'none' | 'malformed' | 'conflicting' | 'repeated' }
  | { readonly kind: 'key'; readonly secret: string; readonly carrier: 'header' | 'path' }
  | { readonly kind: 'signature'; readonly publicKey: string; readonly signature: string }

/** `empty` counts only where nothing else is there: some clients send `Bearer ` or an empty field unasked. */
type Carried = Credential | { readonly kind: 'empty' }

const NONE: Credential = { kind: 'none' }
const EMPTY: Carried = { kind: 'empty' }
const MALFORMED: Credential = { kind: 'malformed' }
const CONFLICTING: Credential = { kind: 'conflicting' }
const REPEATED: Credential = { kind: 'repeated' }

/** What Ollama's own integrations send as a key when nobody gave them one. */
const PLACEHOLDER = 'ollama'

/** Bytes as node:http decodes them (latin1), without white space and control characters. */
const SECRET = /^[\x21-\x7e\x80-\xff]+$/
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** 64 bytes in base64, with its padding. */
const SIGNATURE_LENGTH = 88

/** One credential from one carrier. The same key in two places is one credential; two that disagree are none. */
export function parseCredential(headers: RawHeaders, pathKey: string | null): Credential {
  let found: Carried = pathKey === null ? NONE : parsePathKey(pathKey)
  let authorized = false
  for (let i = 0; i < headers.length; i += 2) {
    const carrier = carrierOf(headers[i] ?? '')
    if (carrier === undefined) continue
    const value = trimBlanks(headers[i + 1] ?? '')
    if (carrier === 'authorization') {
      if (authorized) return REPEATED
      authorized = true
    }
    const carried = carrier === 'authorization' ? parseAuthorization(value) : parseSecret(value)
    if (pathKey === null || !yieldsToPath(carried)) found = merge(found, carried)
  }
  return found.kind === 'empty' ? MALFORMED : found
}

function carrierOf(field: string): 'authorization' | 'plain' | undefined {
  switch (field.length) {
    case 13:
      return field.toLowerCase() === 'authorization' ? 'authorization' : undefined
    case 9:
      return field.toLowerCase() === 'x-api-key' ? 'plain' : undefined
    case 7:
      return field.toLowerCase() === 'api-key' ? 'plain' : undefined
    case 6:
      return field.toLowerCase() === 'apikey' ? 'plain' : undefined
    default:
      return undefined
  }
}

function parsePathKey(secret: string): Credential {
  return SECRET.test(secret) ? { kind: 'key', secret, carrier: 'path' } : MALFORMED
}

function parseAuthorization(value: string): Carried {
  const space = value.search(/[ \t]/)
  const scheme = (space < 0 ? value : value.slice(0, space)).toLowerCase()
  const rest = space < 0 ? '' : trimBlanks(value.slice(space))
  if (scheme === 'bearer') return parseSecret(rest)
  if (scheme === 'basic') return rest === '' ? EMPTY : parseBasic(rest)
  if (space >= 0) return MALFORMED
  return parseSignature(value) ?? parseSecret(value)
}

function parseSecret(secret: string): Carried {
  if (secret === '') return EMPTY
  return SECRET.test(secret) ? { kind: 'key', secret, carrier: 'header' } : MALFORMED
}

/** RFC 7617: the user name ends at the first colon; the password is the key. */
function parseBasic(encoded: string): Carried {
  if (!BASE64.test(encoded)) return MALFORMED
  const pair = Buffer.from(encoded, 'base64').toString('latin1')
  const colon = pair.indexOf(':')
  const carried = colon < 0 ? EMPTY : parseSecret(pair.slice(colon + 1))
  return carried.kind === 'empty' ? MALFORMED : carried
}

/** `OLLAMA_AUTH=1`: base64 of the public key, a colon, base64 of the signature; no scheme word. */
function parseSignature(value: string): Credential | undefined {
  if (value.length !== SSH_ED25519_LENGTH + 1 + SIGNATURE_LENGTH) return undefined
  if (!value.startsWith(SSH_ED25519_START) || value[SSH_ED25519_LENGTH] !== ':') return undefined
  const signature = value.slice(SSH_ED25519_LENGTH + 1)
  if (!BASE64.test(signature)) return undefined
  return { kind: 'signature', publicKey: value.slice(0, SSH_ED25519_LENGTH), signature }
}

/** The CLI signs even when its base URL carries a key, and its integrations send the placeholder then. */
function yieldsToPath(carried: Carried): boolean {
  return carried.kind === 'signature' || (carried.kind === 'key' && carried.secret === PLACEHOLDER)
}

function merge(found: Carried, next: Carried): Carried {
  if (found.kind === 'none' || found.kind === 'empty') return next
  if (next.kind === 'empty') return found
  if (found.kind === 'malformed' || next.kind === 'malformed') return MALFORMED
  if (found.kind === 'key' && next.kind === 'key' && found.secret === next.secret) return found
  return CONFLICTING
}

/** RFC 9110 section 5.5. `String.trim` would take off U+00A0 too, which may be half of a UTF-8 character here. */
function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
