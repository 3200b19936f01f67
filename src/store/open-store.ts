import { Kysely } from 'kysely'
import type { KeyStore } from '../auth/key-store.ts'
import { systemClock, type Clock } from '../lib/clock.ts'
import { createKey, listKeys, revokeKey } from './key-queries.ts'
import { openDatabase } from './open-database.ts'
import { claimPepper } from './pepper-mark.ts'
import type { Schema } from './schema.ts'
import { createSqliteDialect } from './sqlite-dialect.ts'
import { parseStoreUrl } from './store-url.ts'
import { createUser, listUsers, setUserDisabled } from './user-queries.ts'

export interface StoreOptions {
  /** Where relative paths begin. */
  readonly cwd?: string
  readonly clock?: Clock
}

export interface Store extends KeyStore {
  /**
   * Ties the database to a pepper by a mark made with it. False: keys were made with another one. A database
   * without secret keys takes any.
   */
  claimPepper(mark: string): Promise<boolean>
}

/** Opens the store that `sqlite:PATH` names, and makes it where there is none. Throws GatewayError `invalid_input`. */
export async function openStore(url: string, { cwd, clock = systemClock }: StoreOptions = {}): Promise<Store> {
  const connection = await openDatabase(parseStoreUrl(url, cwd))
  const database = new Kysely<Schema>({ dialect: createSqliteDialect(connection) })
  const dataVersion = connection.prepare('PRAGMA data_version')
  let ownWrites = 0

  async function write<T>(action: () => Promise<T>): Promise<T> {
    const result = await action()
    ownWrites++
    return result
  }

  return {
    listUsers: () => listUsers(database),
    createUser: (name) => write(() => createUser(database, name, clock.now())),
    setUserDisabled: (name, disabled) => write(() => setUserDisabled(database, name, disabled)),
    listKeys: () => listKeys(database),
    createKey: (key) => write(() => createKey(database, key, clock.now())),
    revokeKey: (nameOrId) => write(() => revokeKey(database, nameOrId, clock.now())),
    // The pragma counts commits of other connections only. Both only grow, so their sum never repeats.
    version: () => Number(dataVersion.get()?.['data_version']) + ownWrites,
    claimPepper: (mark) => write(() => claimPepper(database, mark)),
    close: () => database.destroy(),
  }
}
