import { type Kysely, sql } from 'kysely'
import type { Schema } from './schema.ts'
import { isBusy } from './store-problem.ts'

type Action<T> = (database: Kysely<Schema>) => Promise<T>

/** All or nothing. */
export function transact<T>(database: Kysely<Schema>, action: Action<T>): Promise<T> {
  return database.connection().execute((connection) => run(connection, action))
}

/** As `transact`, but not even the disk is waited for. False: another process holds the lock. */
export function transactAtOnce(database: Kysely<Schema>, action: Action<void>): Promise<boolean> {
  return database.connection().execute(async (connection) => {
    await sql`PRAGMA synchronous = NORMAL`.execute(connection)
    try {
      await run(connection, action)
      return true
    } catch (error) {
      if (isBusy(error)) return false
      throw error
    } finally {
      await sql`PRAGMA synchronous = FULL`.execute(connection)
    }
  })
}

/** The lock for writing is taken first: two that read before they write would refuse each other. */
async function run<T>(connection: Kysely<Schema>, action: Action<T>): Promise<T> {
  await sql`BEGIN IMMEDIATE`.execute(connection)
  try {
    const result = await action(connection)
    await sql`COMMIT`.execute(connection)
    return result
  } catch (error) {
    // SQLite itself may have given it up already, on a full disk for one.
    await sql`ROLLBACK`.execute(connection).catch(() => {})
    throw error
  }
}
