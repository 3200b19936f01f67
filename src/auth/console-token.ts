import type { Buffer } from 'node:buffer'
import { createHmac } from 'node:crypto'
import { toBase62 } from '../lib/base62.ts'
import { createSecret } from './key-format.ts'

/** Looks like a key, so that whatever hides keys hides it too. */
export function createConsoleToken(): string {
  return createSecret('corral')
}

/** What is kept of the secrets of the console. Of each other, and of keys, they are told apart by what they are for. */
export interface TokenDigester {
  session(token: string): string
  link(token: string): string
  /** The second half of a session, which a page holds and a cookie does not. */
  csrf(token: string): string
}

export function createTokenDigester(pepper: Uint8Array): TokenDigester {
  const digest = (purpose: string, token: string): Buffer =>
    createHmac('sha256', pepper).update(`console ${purpose} ${token}`, 'utf8').digest()
  return {
    session: (token) => digest('session', token).toString('hex'),
    link: (token) => digest('link', token).toString('hex'),
    csrf: (token) => toBase62(digest('csrf', token), 43),
  }
}
