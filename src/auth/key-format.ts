import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { toBase62 } from '../lib/base62.ts'

export type KeyFormat = 'corral' | 'ollama-uuid'

const PREFIX = 'crl_'
/** 160 bits. */
const SECRET_BYTES = 20
const SECRET_DIGITS = 27
const CHECKSUM_BYTES = 4
const CHECKSUM_DIGITS = 6
const SHAPE = /^crl_[0-9A-Za-z]{33}$/
const OLLAMA_UUID = /^OLLAMA-[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

export function createSecret(format: KeyFormat): string {
  if (format === 'ollama-uuid') return `OLLAMA-${randomUUID()}`
  const body = PREFIX + toBase62(randomBytes(SECRET_BYTES), SECRET_DIGITS)
  return body + checksum(body)
}

/** Whether a key of ours was copied whole; says nothing about whether it opens anything. */
export function isIntactKey(text: string): boolean {
  return SHAPE.test(text) && text.endsWith(checksum(text.slice(0, -CHECKSUM_DIGITS)))
}

export function isOllamaUuidKey(text: string): boolean {
  return OLLAMA_UUID.test(text)
}

/** Visible characters only, so that a header can carry it as it is. */
export function isCarriableKey(text: string): boolean {
  return /^[^\s\p{Cc}]{1,1024}$/u.test(text)
}

/** Enough to recognise a key by, and of a short one nothing. */
export function keyHint(secret: string): string {
  return secret.length >= 16 ? secret.slice(-4) : ''
}

export function createKeyId(): string {
  return `key_${toBase62(randomBytes(10), 14)}`
}

function checksum(body: string): string {
  return toBase62(createHash('sha256').update(body).digest().subarray(0, CHECKSUM_BYTES), CHECKSUM_DIGITS)
}
