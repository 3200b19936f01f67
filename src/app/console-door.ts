import { type ConsoleLogin, createConsoleLogin } from '../auth/console-login.ts'
import { type ConsoleSessions, createConsoleSessions } from '../auth/console-sessions.ts'
import { createTokenDigester, type TokenDigester } from '../auth/console-token.ts'
import type { KeyDirectory } from '../auth/key-directory.ts'
import type { Throttle } from '../auth/throttle.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Store } from '../store/open-store.ts'

/** Who is logged in to the console, over restarts. */
export interface ConsoleDoor {
  readonly sessions: ConsoleSessions
  readonly digester: TokenDigester
  /** `throttle`: counts wrong keys, wherever they come. */
  login(throttle: Throttle): ConsoleLogin
  /** Writes what is left. */
  close(): Promise<void>
}

export interface ConsoleDoorDeps {
  readonly store: Store
  readonly directory: KeyDirectory
  readonly pepper: Uint8Array
  readonly clock: Clock
  readonly log: Log
}

/** When a session was used last is known to the minute. */
const WRITE_MS = 60_000
const SWEEP_MS = 1000

export async function openConsoleDoor({ store, directory, pepper, clock, log }: ConsoleDoorDeps): Promise<ConsoleDoor> {
  const digester = createTokenDigester(pepper)
  const sessions = createConsoleSessions({ directory, digester, clock })
  for (const record of await store.listSessions()) sessions.add(record)
  const sweeping = setInterval(sessions.sweep, SWEEP_MS).unref()
  const writing = setInterval(() => void write(), WRITE_MS).unref()
  let seen = new Map<string, number>()
  let ended: string[] = []

  /** What cannot be written now is the next time's. Never rejects. */
  async function write(): Promise<void> {
    const news = sessions.takeNews()
    seen = new Map([...seen, ...news.seen])
    ended = [...ended, ...news.ended]
    if (seen.size === 0 && ended.length === 0) return
    const [marked, gone] = [seen, ended]
    try {
      const isDone = await store.note(async (tables) => {
        await tables.markSessions(marked)
        await tables.removeSessions(gone)
      })
      if (!isDone) return
      seen = new Map()
      ended = []
    } catch (error) {
      log.warn({ err: error }, 'When the sessions of the console were used last could not be written')
    }
  }

  return {
    sessions,
    digester,
    login: (throttle) => createConsoleLogin({ store, directory, sessions, digester, throttle, clock }),
    async close() {
      clearInterval(sweeping)
      clearInterval(writing)
      await write()
    },
  }
}
