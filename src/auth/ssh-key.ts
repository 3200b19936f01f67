import { Buffer } from 'node:buffer'
import { createPublicKey, type KeyObject } from 'node:crypto'

/** What every base64 ssh-ed25519 key begins with: its length-prefixed type and the length of what follows. */
export const SSH_ED25519_START = 'AAAAC3NzaC1lZDI1NTE5AAAAI'
/** 51 bytes, which base64 writes without padding: each key has one spelling. */
export const SSH_ED25519_LENGTH = 68

const BASE64 = /^[A-Za-z0-9+/]+$/
const RAW_KEY_BYTES = 32
/** RFC 8410: the SubjectPublicKeyInfo of ed25519 up to the key itself. */
const SPKI_START = Buffer.from('302a300506032b6570032100', 'hex')

export function isSshKey(base64: string): boolean {
  return base64.length === SSH_ED25519_LENGTH && base64.startsWith(SSH_ED25519_START) && BASE64.test(base64)
}

/** The base64 of a line of `id_ed25519.pub`, with or without its type and comment; undefined for anything else. */
export function parseSshPublicKey(line: string): string | undefined {
  const fields = line.trim().split(/\s+/)
  const base64 = fields[0] === 'ssh-ed25519' ? fields[1] : fields[0]
  return base64 !== undefined && isSshKey(base64) ? base64 : undefined
}

export function sshKeyObject(base64: string): KeyObject | null {
  if (!isSshKey(base64)) return null
  const key = Buffer.concat([SPKI_START, Buffer.from(base64, 'base64').subarray(-RAW_KEY_BYTES)])
  return createPublicKey({ key, format: 'der', type: 'spki' })
}
