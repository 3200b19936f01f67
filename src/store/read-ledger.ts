import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { GatewayError } from '../errors/gateway-error.ts'
import type { KeyUsage, UsageQuery, UsageRow } from '../ledger/usage.ts'
import { readLost } from './ledger-marks.ts'
import { storeProblem } from './store-problem.ts'
import { parseStoreUrl } from './store-url.ts'
import { readTotals, readUsage } from './usage-query.ts'

/** The migration that made the tables of the ledger. */
const FIRST_SCHEMA = 5
const BUSY_TIMEOUT_MS = 5000

export interface LedgerReading {
  readonly rows: readonly UsageRow[]
  /** Exchanges that were never written, over all starts. */
  readonly lost: number
}

/** Reads a store's ledger beside whoever writes it, and changes nothing. Throws GatewayError `invalid_input`. */
export function readLedger(url: string, query: UsageQuery, cwd?: string): LedgerReading {
  const path = parseStoreUrl(url, cwd)
  return read(path, (database) => ({ rows: readUsage(database, query), lost: readLost(database) }))
}

/** What each key has used of each model since the day (UTC) of `at`. Throws as `readLedger`. */
export function readLedgerTotals(url: string, at: number): KeyUsage[] {
  return read(parseStoreUrl(url), (database) => readTotals(database, at))
}

function read<T>(path: string, question: (database: DatabaseSync) => T): T {
  if (!existsSync(path)) throw refused(`There is no store "${path}" yet: "corral serve" makes it at its first start`)
  try {
    return ask(path, question)
  } catch (error) {
    if (error instanceof GatewayError) throw error
    throw refused(`Cannot read the store "${path}": ${storeProblem(error)}`, error)
  }
}

function ask<T>(path: string, question: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    const schema = Number(database.prepare('SELECT max(number) AS number FROM migrations').get()?.['number'] ?? 0)
    if (schema < FIRST_SCHEMA)
      throw refused(`The store "${path}" has no ledger yet: start this version of the gateway on it once`)
    return question(database)
  } finally {
    database.close()
  }
}

function refused(message: string, cause?: unknown): GatewayError {
  return new GatewayError('invalid_input', { message, cause })
}
