import { headerValues, type RawHeaders } from '../lib/raw-headers.ts'

/** The prefix makes browsers take it from this very host only, over TLS or loopback, and for all paths (RFC 6265bis). */
const NAME = '__Host-corral'
const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Strict'

/** What a browser shows as its session; undefined where it shows none, or two. */
export function sessionToken(headers: RawHeaders): string | undefined {
  let found: string | undefined
  for (const field of headerValues(headers, 'cookie')) {
    for (const pair of field.split(';')) {
      const equals = pair.indexOf('=')
      if (equals < 0 || pair.slice(0, equals).trim() !== NAME) continue
      const token = pair.slice(equals + 1).trim()
      if (found !== undefined && found !== token) return undefined
      found = token
    }
  }
  return found === '' ? undefined : found
}

/** Without an end: it goes with the browser, or when the session does. */
export function setCookie(token: string): readonly string[] {
  return ['set-cookie', `${NAME}=${token}; ${ATTRIBUTES}`]
}

export function clearCookie(): readonly string[] {
  return ['set-cookie', `${NAME}=; ${ATTRIBUTES}; Max-Age=0`]
}
