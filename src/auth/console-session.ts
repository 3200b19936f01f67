import type { Scope } from './scope.ts'

/** That somebody logged in to the console with a key. */
export interface SessionRecord {
  /** Of the token that the browser holds: made with the pepper, safe to keep, and what the session is called by. */
  readonly digest: string
  readonly keyId: string
  /** Of the secret that the key had then: with another one the session is over. */
  readonly keyDigest: string
  /** What the key might do then: when one of these is taken away the session is over. */
  readonly scopes: readonly Scope[]
  /** Milliseconds since the epoch, as all times here. */
  readonly madeAt: number
  readonly seenAt: number
}

/** What logs in once, within its minute. */
export interface LinkRecord {
  readonly digest: string
  readonly keyId: string
  readonly keyDigest: string
  readonly expiresAt: number
}

export interface SessionTables {
  listSessions(): Promise<SessionRecord[]>
  createSession(session: SessionRecord): Promise<void>
  /** When each of these, given by digest, was used last. */
  markSessions(seen: ReadonlyMap<string, number>): Promise<void>
  removeSessions(digests: readonly string[]): Promise<void>
  createLink(link: LinkRecord): Promise<void>
  /** Takes it away, so that nobody else finds it. */
  takeLink(digest: string): Promise<LinkRecord | undefined>
  removeLinksBefore(time: number): Promise<void>
}

/** Without being used for this long a session ends. */
export const IDLE_MS = 12 * 60 * 60 * 1000
/** However much it is used. */
export const LONGEST_MS = 7 * 24 * 60 * 60 * 1000
export const LINK_MS = 60 * 1000

export function sessionEnd({ madeAt, seenAt }: Pick<SessionRecord, 'madeAt' | 'seenAt'>): number {
  return Math.min(seenAt + IDLE_MS, madeAt + LONGEST_MS)
}
