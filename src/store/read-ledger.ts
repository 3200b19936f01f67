import { existsSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { GatewayError } from '../errors/gateway-error.ts'
import type { UsageQuery, UsageRow } from '../ledger/usage.ts'
import { readLost } from './ledger-marks.ts'
import { storeProblem } from './store-problem.ts'
import { parseStoreUrl } from './store-url.ts'
import { readUsage } from './usage-query.ts'

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
  if (!existsSync(path)) throw refused(`There is no store "${path}" yet: "corral serve" makes it at its first start`)
  try {
    return read(path, query)
  } catch (error) {
    if (error instanceof GatewayError) throw error
    throw refused(`Cannot read the store "${path}": ${storeProblem(error)}`, error)
  }
}

function read(path: string, query: UsageQuery): LedgerReading {
  const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    const schema = Number(database.prepare('SELECT max(number) AS number FROM migrations').get()?.['number'] ?? 0)
    if (schema < FIRST_SCHEMA)
      throw refused(`The store "${path}" has no ledger yet: start this version of the gateway on it once`)
    return { rows: readUsage(database, query), lost: readLost(database) }
  } finally {
    database.close()
  }
}

function refused(message: string, cause?: unknown): GatewayError {
  return new GatewayError('invalid_input', { message, cause })
}
