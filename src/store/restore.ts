import { existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { GatewayError } from '../errors/gateway-error.ts'
import { isOwnFile } from './backup.ts'
import { copyDatabase } from './copy-database.ts'
import { syncFolder } from './durable-file.ts'
import { migrate, readSchemaNumber } from './migrate.ts'
import { giveToOwnerOf } from './same-owner.ts'
import type { StoreContents } from './store-contents.ts'
import { lockAlone } from './store-lock.ts'
import { isBusy, storeProblem } from './store-problem.ts'

export interface RestoreTerms {
  /** Absolute, as all paths here. */
  readonly storePath: string
  readonly file: string
  /** Replaces the store that an earlier restore has kept. */
  readonly force: boolean
}

export interface Restored {
  /** As it is now. */
  readonly contents: StoreContents
  /** The schema of the backup. */
  readonly backupSchema: number
  /** Where the store went that was there; null where there was none. */
  readonly kept: string | null
}

const JOURNALS = ['-wal', '-shm', '-journal']
const BUSY_TIMEOUT_MS = 500

/**
 * Puts a backup in the place of the store, which nobody may use meanwhile. At every moment the name of the store stands
 * for the old one or the new one, whole. Throws GatewayError `invalid_input`, and has changed nothing then.
 */
export async function restoreStore(terms: RestoreTerms): Promise<Restored> {
  const { storePath, file } = terms
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) throw refused(`There is no backup "${file}"`)
  if (isOwnFile(storePath, file)) throw refused(`Cannot restore "${file}": it belongs to the store itself`)
  const lock = lockAlone(storePath)
  const draft = `${storePath}.restoring`
  try {
    checkKeepable(terms)
    rmSync(draft, { force: true })
    const { contents, backupSchema } = await writeDraft(file, draft)
    giveToOwnerOf(storePath, draft)
    const kept = existsSync(storePath) ? keep(terms) : null
    renameSync(draft, storePath)
    syncFolder(storePath)
    return { contents, backupSchema, kept }
  } finally {
    rmSync(draft, { force: true })
    lock.release()
  }
}

async function writeDraft(file: string, draft: string): Promise<Pick<Restored, 'contents' | 'backupSchema'>> {
  let backupSchema = 0
  try {
    const contents = await copyDatabase(file, draft, (copy) => {
      backupSchema = readSchemaNumber(copy)
      if (backupSchema === 0) throw refused('it is empty')
      migrate(copy)
      // Whoever has logged out since is not logged in again.
      copy.exec('DELETE FROM console_sessions; DELETE FROM console_links')
    })
    return { contents, backupSchema }
  } catch (error) {
    throw refused(`Cannot restore "${file}": ${storeProblem(error)}`, error)
  }
}

/** Before the copy, which may take long. */
function checkKeepable({ storePath, force }: RestoreTerms): void {
  if (!existsSync(storePath)) return
  closeJournal(storePath)
  const kept = keptPath(storePath)
  // A restore that was cut short has left both names for one file.
  if (force || !existsSync(kept) || isSameFile(kept, storePath)) return
  throw refused(`"${kept}" is there from an earlier restore: move it away, or replace it with --force`)
}

/** The store under a second name, from where the first one can be taken away at once. */
function keep({ storePath }: RestoreTerms): string {
  const kept = keptPath(storePath)
  if (!existsSync(kept) || !isSameFile(kept, storePath)) {
    for (const suffix of ['', ...JOURNALS]) rmSync(`${kept}${suffix}`, { force: true })
    linkSync(storePath, kept)
  }
  // What could not be written back into a damaged database belongs to it, and would spoil the next one.
  for (const suffix of JOURNALS.filter((each) => existsSync(`${storePath}${each}`))) {
    renameSync(`${storePath}${suffix}`, `${kept}${suffix}`)
  }
  syncFolder(storePath)
  return kept
}

/** Leaves the store as one file, where it can be read at all. */
function closeJournal(storePath: string): void {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(storePath, { timeout: BUSY_TIMEOUT_MS })
    readSchemaNumber(database)
    // Refused while another connection is open, of this program or not.
    database.prepare('PRAGMA journal_mode = DELETE').get()
  } catch (error) {
    const inUse = isBusy(error)
    if (!inUse && !(error instanceof GatewayError)) return
    const problem = inUse ? 'another program has it open' : storeProblem(error)
    throw refused(`Cannot replace the store "${storePath}": ${problem}`, error)
  } finally {
    database?.close()
  }
}

function keptPath(storePath: string): string {
  return `${storePath}.before-restore`
}

function isSameFile(one: string, other: string): boolean {
  const [a, b] = [statSync(one, { bigint: true }), statSync(other, { bigint: true })]
  return a.dev === b.dev && a.ino === b.ino
}

function refused(message: string, cause?: unknown): GatewayError {
  return new GatewayError('invalid_input', { message, cause })
}
