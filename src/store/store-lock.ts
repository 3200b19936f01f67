import { closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { GatewayError } from '../errors/gateway-error.ts'
import { giveToOwnerOf } from './same-owner.ts'
import { isBusy, storeProblem } from './store-problem.ts'

/**
 * Who uses a store, told by locks of the system on an empty file beside it, which end with their process however that
 * ends. Locks on the database itself could not tell: it may be damaged, or about to be replaced.
 */
export interface StoreLock {
  release(): void
}

const WAIT_MS = 500

/** One of any number of users. Throws GatewayError `invalid_input` while the store is being replaced. */
export function lockForUse(storePath: string): StoreLock {
  return lock(storePath, {
    take: ['BEGIN', 'SELECT count(*) FROM sqlite_schema'],
    taken: `The store "${storePath}" is being restored: try again when that is done`,
  })
}

/** The only one. Throws GatewayError `invalid_input` while anybody uses the store. */
export function lockAlone(storePath: string): StoreLock {
  return lock(storePath, {
    take: ['BEGIN EXCLUSIVE'],
    taken: `The store "${storePath}" is in use: stop the gateway that runs on it first`,
  })
}

interface LockTerms {
  readonly take: readonly string[]
  readonly taken: string
}

function lock(storePath: string, { take, taken }: LockTerms): StoreLock {
  const path = `${storePath}.lock`
  let database: DatabaseSync | undefined
  try {
    // Opened once only: closing a file takes away all locks that the process has on it.
    if (!existsSync(path)) makeLockFile(storePath, path)
    database = new DatabaseSync(path, { timeout: WAIT_MS })
    // Not by `exec`, whose errors have no code on Deno.
    for (const statement of take) database.prepare(statement).get()
  } catch (error) {
    database?.close()
    const message = isBusy(error) ? taken : `Cannot open the store "${storePath}": ${storeProblem(error)}`
    throw new GatewayError('invalid_input', { message, cause: error })
  }
  const held = database
  return { release: () => held.close() }
}

function makeLockFile(storePath: string, path: string): void {
  closeSync(openSync(path, 'a', 0o600))
  giveToOwnerOf(storePath, path)
}
