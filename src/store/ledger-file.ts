import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { type LedgerMarks, type LedgerOwner, prepareLedgerMarks } from './ledger-marks.ts'
import { type LedgerRows, prepareLedgerRows } from './ledger-rows.ts'
import { createStorePlace } from './store-place.ts'

/** The connection that a ledger is written over, and what was prepared on it. */
export interface LedgerFile {
  readonly database: DatabaseSync
  readonly rows: LedgerRows
  readonly marks: LedgerMarks
  /** All or nothing. Throws what SQLite throws. */
  transact(action: () => void): void
  close(): void
}

export interface LedgerFiles {
  /** The file as it is now; opened again where another has come in its place. Throws where there is none to write to. */
  current(): LedgerFile
  /** Nobody else has touched it since. */
  settle(): void
  /** What was opened is not believed any more. */
  drop(): void
}

/** Whoever else writes is done in a few milliseconds; a lock that stays is told rather than waited for. */
const BUSY_TIMEOUT_MS = 1000

/**
 * SQLite goes on with a file that was deleted, and with what it remembers of one that was damaged: so the file is looked
 * at before each group, and read anew where it has changed. It is never made: an empty one would be no store.
 */
export function createLedgerFiles(path: string, owner: LedgerOwner): LedgerFiles {
  let open: (LedgerFile & { problem(): string | null }) | null = null
  let stamp = ''

  function drop(): void {
    const dropped = open
    open = null
    try {
      dropped?.close()
    } catch {
      // It could not even be closed; nobody uses it any more.
    }
  }

  return {
    current() {
      if (open !== null && (stampOf(path) !== stamp || open.problem() !== null)) drop()
      if (open !== null) return open
      stamp = stampOf(path)
      open = openLedgerFile(path, owner)
      return open
    },
    settle: () => void (stamp = stampOf(path)),
    drop,
  }
}

function openLedgerFile(path: string, owner: LedgerOwner): LedgerFile & { problem(): string | null } {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
  try {
    // Changes nothing in a store that was opened before; and is the first to find that it is none.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF')
    const rows = prepareLedgerRows(database)
    const marks = prepareLedgerMarks(database, owner)
    marks.lastGroup()
    const place = createStorePlace(path)
    return {
      database,
      rows,
      marks,
      transact: (action) => transact(database, action),
      problem: place.problem,
      close: () => database.close(),
    }
  } catch (error) {
    database.close()
    throw error
  }
}

function transact(database: DatabaseSync, action: () => void): void {
  database.exec('BEGIN IMMEDIATE')
  try {
    action()
    database.exec('COMMIT')
  } catch (error) {
    // SQLite itself may have given it up already, on a full disk for one.
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** Throws where there is no file. In WAL mode the database itself changes with checkpoints only. */
function stampOf(path: string): string {
  const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true })
  return `${dev}:${ino}:${size}:${mtimeNs}`
}
