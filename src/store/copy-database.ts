import { closeSync, openSync } from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { runtime } from '../lib/runtime.ts'
import { syncFile } from './durable-file.ts'
import { checkThoroughly } from './integrity.ts'
import { readContents, type StoreContents } from './store-contents.ts'

const BUSY_TIMEOUT_MS = 5000
const ALL_PAGES = 2 ** 31 - 1

/**
 * Writes what a database holds at one moment into a new file, whole, for its owner only, and on the disk. Whoever uses
 * it meanwhile goes on. `prepare` may change the copy before it is looked through.
 */
export async function copyDatabase(
  from: string,
  to: string,
  prepare: (copy: DatabaseSync) => void = () => {},
): Promise<StoreContents> {
  // SQLite takes over a file that is empty, and with it the mode.
  closeSync(openSync(to, 'wx', 0o600))
  await copyContent(from, to)
  const contents = inspectCopy(to, prepare)
  syncFile(to)
  return contents
}

async function copyContent(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
  try {
    // Asked first, so that no copy is made of what is not ours.
    readContents(source)
    // Leaves behind the pages that were deleted; Deno does not allow it. There all pages go in one step, because
    // another process that writes between two of them would begin the copy again, and again.
    if (runtime === 'deno') await backup(source, to, { rate: ALL_PAGES })
    else source.prepare('VACUUM INTO ?').run(to)
  } finally {
    source.close()
  }
}

/** What was written is read again, not what was meant to be. */
function inspectCopy(path: string, prepare: (copy: DatabaseSync) => void): StoreContents {
  const copy = new DatabaseSync(path)
  try {
    // One file, whatever mode the database was in.
    copy.prepare('PRAGMA journal_mode = DELETE').get()
    prepare(copy)
    checkThoroughly(copy)
    return readContents(copy)
  } finally {
    copy.close()
  }
}
