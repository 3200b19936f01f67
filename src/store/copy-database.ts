import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { syncFile } from './durable-file.ts'
import { checkThoroughly } from './integrity.ts'
import { readContents, type StoreContents } from './store-contents.ts'

const BUSY_TIMEOUT_MS = 5000

/**
 * Writes what a database holds at one moment into a new file, whole, tidy, for its owner only, and on the disk. Whoever
 * uses it meanwhile goes on; pages that were deleted are not taken along. `prepare` may change the copy before it is
 * looked through.
 */
export function copyDatabase(
  from: string,
  to: string,
  prepare: (copy: DatabaseSync) => void = () => {},
): StoreContents {
  // SQLite takes over a file that is empty, and with it the mode.
  closeSync(openSync(to, 'wx', 0o600))
  const contents = withDatabase(new DatabaseSync(from, { readOnly: true, timeout: BUSY_TIMEOUT_MS }), (source) => {
    // Asked first, so that no copy is made of what is not ours.
    readContents(source)
    source.prepare('VACUUM INTO ?').run(to)
    return inspectCopy(to, prepare)
  })
  syncFile(to)
  return contents
}

/** What was written is read again, not what was meant to be. */
function inspectCopy(path: string, prepare: (copy: DatabaseSync) => void): StoreContents {
  return withDatabase(new DatabaseSync(path), (copy) => {
    prepare(copy)
    checkThoroughly(copy)
    return readContents(copy)
  })
}

function withDatabase<T>(database: DatabaseSync, use: (database: DatabaseSync) => T): T {
  try {
    return use(database)
  } finally {
    database.close()
  }
}
