import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import type { KeyStore } from '../auth/key-store.ts'
import { systemClock, type Clock } from '../lib/clock.ts'
import { createKey, listKeys, revokeKey } from './key-queries.ts'
import { openDatabase } from './open-database.ts'
import { claimPepper } from './pepper-mark.ts'
import type { Schema } from './schema.ts'
import { createSqliteDialect } from './sqlite-dialect.ts'
import { createStoreAccess } from './store-access.ts'
import { lockForUse, type StoreLock } from './store-lock.ts'
import { createStorePlace } from './store-place.ts'
import { parseStoreUrl } from './store-url.ts'
import { createUser, listUsers, setUserDisabled } from './user-queries.ts'

export interface StoreOptions {
  /** Where relative paths begin. */
  readonly cwd?: string
  readonly clock?: Clock
  /** Looks first whether the database is damaged, as far as that takes no long time. */
  readonly check?: boolean
  /** Hears a sentence about what may not have been meant. */
  readonly onWarning?: (sentence: string) => void
}

export interface Store extends KeyStore {
  /**
   * Ties the database to a pepper by a mark made with it. False: keys were made with another one. A database
   * without secret keys takes any.
   */
  claimPepper(mark: string): Promise<boolean>
  /** Why it cannot be used now, as the second half of a sentence; null while it can. Cheap to ask. */
  problem(): string | null
}

/** Opens the store that `sqlite:PATH` names, and makes it where there is none. Throws GatewayError `invalid_input`. */
export async function openStore(url: string, options: StoreOptions = {}): Promise<Store> {
  const path = parseStoreUrl(url, options.cwd)
  warnOfNewDatabase(path, options)
  const lock = lockForUse(path)
  try {
    const connection = await openDatabase(path, { check: options.check ?? false })
    // Waiting is done where the loop goes on meanwhile (store-access.ts).
    connection.exec('PRAGMA busy_timeout = 0')
    return createStore(connection, { path, lock, clock: options.clock ?? systemClock })
  } catch (error) {
    lock.release()
    throw error
  }
}

interface StoreParts {
  readonly path: string
  readonly lock: StoreLock
  readonly clock: Clock
}

function createStore(connection: DatabaseSync, { path, lock, clock }: StoreParts): Store {
  const database = new Kysely<Schema>({ dialect: createSqliteDialect(connection) })
  const dataVersion = connection.prepare('PRAGMA data_version')
  const access = createStoreAccess({ place: createStorePlace(path), probe: () => leaveMark(connection), clock })
  let ownWrites = 0

  async function write<T>(action: () => Promise<T>): Promise<T> {
    const result = await access.write(action)
    ownWrites++
    return result
  }

  return {
    listUsers: () => access.read(() => listUsers(database)),
    createUser: (name) => write(() => createUser(database, name, clock.now())),
    setUserDisabled: (name, disabled) => write(() => setUserDisabled(database, name, disabled)),
    listKeys: () => access.read(() => listKeys(database)),
    createKey: (key) => write(() => createKey(database, key, clock.now())),
    revokeKey: (nameOrId) => write(() => revokeKey(database, nameOrId, clock.now())),
    // The pragma counts commits of other connections only. Both only grow, so their sum never repeats.
    version: () => Number(dataVersion.get()?.['data_version']) + ownWrites,
    claimPepper: (mark) => write(() => claimPepper(database, mark)),
    problem: access.problem,
    async close() {
      await database.destroy()
      lock.release()
    },
  }
}

/** A write that nobody reads, as one statement: it may come to stand within a transaction. */
function leaveMark(connection: DatabaseSync): void {
  const statement = connection.prepare(`
    INSERT INTO marks (name, value) VALUES ('probe', unixepoch('subsec'))
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
  `)
  statement.run()
}

/** A secret says that there was a database before: perhaps it was deleted, or is not mounted. */
function warnOfNewDatabase(path: string, { onWarning }: StoreOptions): void {
  const secret = join(dirname(path), 'corral.secret')
  if (onWarning === undefined || !existsSync(secret) || (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0)
    return
  onWarning(
    `There was no database "${path}", though there is a secret beside it: a new one is made. Where keys should be in it, stop and run "corral restore FILE"`,
  )
}
