import { accessSync, closeSync, constants, existsSync, openSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { GatewayError } from '../errors/gateway-error.ts'
import { checkIntegrity } from './integrity.ts'
import { migrate } from './migrate.ts'
import { isBusy, storeTrouble } from './store-problem.ts'

const BUSY_TIMEOUT_MS = 5000
const WAL_ATTEMPTS = 100
const WAL_PAUSE_MS = 50

export interface DatabaseOptions {
  /** Looks whether it is damaged, within bounds (integrity.ts). */
  readonly check?: boolean
}

/** A database that is safe to write to and up to date, or one sentence about why not. */
export async function openDatabase(path: string, options: DatabaseOptions = {}): Promise<DatabaseSync> {
  try {
    makePrivate(path)
    return await prepareDatabase(new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS }), options)
  } catch (error) {
    throw new GatewayError('invalid_input', {
      message: `Cannot open the store "${path}": ${storeTrouble(error)}`,
      cause: error,
    })
  }
}

/** SQLite would make it readable by all; its -wal and -shm files take over the mode of this one. */
function makePrivate(path: string): void {
  if (!existsSync(path)) return closeSync(openSync(path, 'a+', 0o600))
  // Opened by SQLite only: to close it again would take away the locks of another connection of this process.
  if (statSync(path).isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' })
  accessSync(path, constants.R_OK | constants.W_OK)
}

async function prepareDatabase(database: DatabaseSync, { check = false }: DatabaseOptions): Promise<DatabaseSync> {
  try {
    await enterWal(database)
    if (check) checkIntegrity(database)
    // What was acknowledged survives a power cut, not only the end of the process.
    database.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF')
    migrate(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** SQLite does not wait for its busy timeout here when two processes enter WAL at the same time. */
async function enterWal(database: DatabaseSync): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      // Not by `exec`, whose errors have no code on Deno.
      database.prepare('PRAGMA journal_mode = WAL').get()
      return
    } catch (error) {
      if (!isBusy(error) || attempt === WAL_ATTEMPTS) throw error
    }
    await delay(WAL_PAUSE_MS)
  }
}
