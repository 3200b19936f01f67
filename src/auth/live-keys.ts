import type { Clock } from '../lib/clock.ts'
import type { Principal } from './principal.ts'

/** Which keys open something, and until when. */
export interface LiveKeys {
  has(keyId: string): boolean
  isLive(principal: Pick<Principal, 'keyId' | 'expiresAt'>): boolean
  /** Takes these, by id with their ends, in the place of all there were, and names those that fell out. */
  settle(entries: Iterable<readonly [string, number]>): readonly string[]
  /** Names those that have expired since this was last asked. */
  expire(): readonly string[]
  /** When `expire` has something to say next, in milliseconds since the epoch. */
  nextExpiryAt(): number | null
}

export function createLiveKeys(clock: Clock): LiveKeys {
  let validUntil: ReadonlyMap<string, number> = new Map()
  let nextExpiry = Infinity

  function settle(entries: Iterable<readonly [string, number]>): readonly string[] {
    const now = clock.now()
    const live = new Map<string, number>()
    nextExpiry = Infinity
    for (const [id, until] of entries) {
      if (until <= now) continue
      live.set(id, until)
      nextExpiry = Math.min(nextExpiry, until)
    }
    const ended = [...validUntil.keys()].filter((id) => !live.has(id))
    validUntil = live
    return ended
  }

  return {
    settle,
    has: (keyId) => validUntil.has(keyId),
    isLive({ keyId, expiresAt }) {
      const now = clock.now()
      return (validUntil.get(keyId) ?? 0) > now && (expiresAt ?? Infinity) > now
    },
    expire: () => (clock.now() < nextExpiry ? [] : settle(validUntil)),
    nextExpiryAt: () => (nextExpiry === Infinity ? null : nextExpiry),
  }
}
