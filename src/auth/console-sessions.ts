import type { Clock } from '../lib/clock.ts'
import { sessionEnd, type SessionRecord } from './console-session.ts'
import type { TokenDigester } from './console-token.ts'
import { createNewsList, type SessionNews } from './console-news.ts'
import type { KeyDirectory } from './key-directory.ts'
import type { Principal } from './principal.ts'

/** All sessions of the console, in memory. A session is called by the digest of its token. */
export interface ConsoleSessions {
  /** Whose a token is; that counts as use. */
  find(token: string): Principal | undefined
  /** Whether what runs for it may go on. That counts as use too: somebody has the page open, and listens. */
  isLive(session: string): boolean
  /** When it ends unless it is used; undefined where it has. */
  endsAt(session: string): number | undefined
  /** Takes in one that was begun, now or before a restart. */
  add(record: SessionRecord): void
  /** Ends it here; false where there was none. */
  end(session: string): boolean
  /** Ends those whose time or key is over. */
  sweep(): void
  /** Hears of each that ends. */
  onEnded(listener: (session: string) => void): void
  /** What the store does not know yet: when they were used last, and which have ended by themselves. */
  takeNews(): SessionNews
}

export interface ConsoleSessionsDeps {
  readonly directory: Pick<KeyDirectory, 'current'>
  readonly digester: Pick<TokenDigester, 'session'>
  readonly clock: Clock
}

/** Nobody fills memory and store by logging in. */
export const MAX_OF_A_KEY = 50

interface Held {
  readonly record: SessionRecord
  seenAt: number
  /** As the key is now, with the session's name; made again when the key is another. */
  principal: Principal | undefined
  key: Principal | undefined
}

export function createConsoleSessions({ directory, digester, clock }: ConsoleSessionsDeps): ConsoleSessions {
  const sessions = new Map<string, Held>()
  const news = createNewsList()
  let tellEnded = (_session: string): void => {}

  function drop(session: string): boolean {
    const was = sessions.delete(session)
    news.forget(session)
    if (was) tellEnded(session)
    return was
  }

  function endByItself(session: string): void {
    news.endedByItself(session)
    drop(session)
  }

  /** The session with the rights that its key has now; ends it where it is over. */
  function look(session: string): Held | undefined {
    const held = sessions.get(session)
    if (held === undefined) return undefined
    const key = keyOf(held, { directory, now: clock.now() })
    if (key === undefined) {
      endByItself(session)
      return undefined
    }
    if (held.key !== key) {
      held.key = key
      held.principal = Object.freeze<Principal>({ ...key, session })
    }
    return held
  }

  function use(session: string): Principal | undefined {
    const held = look(session)
    if (held === undefined) return undefined
    held.seenAt = clock.now()
    news.saw(session, held.seenAt)
    return held.principal
  }

  return {
    find(token) {
      const principal = use(digester.session(token))
      if (principal?.use !== undefined) principal.use.noted = true
      return principal
    },
    isLive: (session) => use(session) !== undefined,
    endsAt(session) {
      const held = look(session)
      return held && sessionEnd({ madeAt: held.record.madeAt, seenAt: held.seenAt })
    },
    add(record) {
      const ofKey = [...sessions.values()].filter(({ record: { keyId } }) => keyId === record.keyId)
      if (ofKey.length >= MAX_OF_A_KEY) endByItself(leastUsed(ofKey))
      sessions.set(record.digest, { record, seenAt: record.seenAt, principal: undefined, key: undefined })
    },
    end: drop,
    sweep() {
      for (const session of sessions.keys()) look(session)
    },
    onEnded: (listener) => void (tellEnded = listener),
    takeNews: news.take,
  }
}

function leastUsed(among: readonly Held[]): string {
  return among.reduce((one, other) => (other.seenAt < one.seenAt ? other : one)).record.digest
}

/** Undefined where the session is over, by its time or because its key is not what it was. */
function keyOf(
  { record, seenAt }: Held,
  { directory, now }: { readonly directory: Pick<KeyDirectory, 'current'>; readonly now: number },
): Principal | undefined {
  if (sessionEnd({ madeAt: record.madeAt, seenAt }) <= now) return undefined
  const key = directory.current(record.keyId)
  if (key === undefined || key.digest !== record.keyDigest) return undefined
  return record.scopes.every((scope) => key.principal.scopes.has(scope)) ? key.principal : undefined
}
