import { createHash, createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'
import { Buffer } from 'node:buffer'

/** Turns secrets into what is stored and looked up. The only place where a presented secret is computed with. */
export interface KeyDigester {
  /** Hex HMAC-SHA-256 with the pepper, as in KeyRecord. */
  store(secret: string): string
  /** The same of a secret as it came over the wire: each character is one byte. */
  present(secret: string): Buffer
  /** Hex SHA-256 of key, separator and salt as one text, the way salted key files hold it. Null without a salt. */
  presentSalted: ((secret: string) => Buffer) | null
  equal(one: Buffer, other: Buffer): boolean
}

export interface Salt {
  readonly salt: string
  readonly separator: string
}

export function createKeyDigester(pepper: Uint8Array, salt: Salt | null = null): KeyDigester {
  const key = createSecretKey(pepper)
  return {
    store: (secret) => createHmac('sha256', key).update(secret, 'utf8').digest('hex'),
    present: (secret) => createHmac('sha256', key).update(secret, 'latin1').digest(),
    presentSalted: salt === null ? null : (secret) => saltedDigest(Buffer.from(secret, 'latin1'), salt),
    equal: (one, other) => timingSafeEqual(one, other),
  }
}

/** Compared with when nothing was found, so that not finding takes the same steps as finding. */
export function createDummyDigest(): Buffer {
  return randomBytes(32)
}

function saltedDigest(secret: Buffer, { salt, separator }: Salt): Buffer {
  return createHash('sha256')
    .update(secret)
    .update(separator + salt, 'utf8')
    .digest()
}
