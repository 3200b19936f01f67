import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import type { KeyStore, KeyTables } from '../auth/key-store.ts'
import { systemClock, type Clock } from '../lib/clock.ts'
import { createKeyTables } from './key-tables.ts'
import { openDatabase } from './open-database.ts'
import { claimPepper } from './pepper-mark.ts'
import type { Schema } from './schema.ts'
import { createSqliteDialect } from './sqlite-dialect.ts'
import { createStoreAccess } from './store-access.ts'
import { lockForUse, type StoreLock } from './store-lock.ts'
import { createStorePlace } from './store-place.ts'
import { parseStoreUrl } from './store-url.ts'
import { transact, transactAtOnce } from './transaction.ts'

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
  const version = connection.prepare("SELECT value FROM marks WHERE name = 'people'")
  const access = createStoreAccess({ place: createStorePlace(path), probe: () => leaveMark(connection), clock })
  const tables = createKeyTables(database, clock)

  function change<T>(action: (tables: KeyTables) => Promise<T>): Promise<T> {
    return access.write(() => transact(database, (connected) => action(createKeyTables(connected, clock))))
  }

  return {
    ...tables,
    listUsers: () => access.read(tables.listUsers),
    listKeys: () => access.read(tables.listKeys),
    listSessions: () => access.read(tables.listSessions),
    listUpstreams: () => access.read(tables.listUpstreams),
    listAudit: (filter) => access.read(() => tables.listAudit(filter)),
    change,
    note: (action) => transactAtOnce(database, (connected) => action(createKeyTables(connected, clock))),
    createUser: (user) => change((tables) => tables.createUser(user)),
    setUserDisabled: (name, disabled) => change((tables) => tables.setUserDisabled(name, disabled)),
    changeUser: (id, terms) => change((tables) => tables.changeUser(id, terms)),
    deleteUser: (id) => change((tables) => tables.deleteUser(id)),
    createKey: (key) => change((tables) => tables.createKey(key)),
    changeKey: (id, terms) => change((tables) => tables.changeKey(id, terms)),
    revokeKey: (nameOrId) => change((tables) => tables.revokeKey(nameOrId)),
    // Counted by triggers, so that what goes on in the other tables is nothing new.
    version: () => Number(version.get()?.['value']),
    claimPepper: (mark) => access.write(() => claimPepper(database, mark)),
    problem: access.problem,
    async close() {
      await database.destroy()
      connection.close()
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
