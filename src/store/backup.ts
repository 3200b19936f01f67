import { randomUUID } from 'node:crypto'
import { existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { GatewayError } from '../errors/gateway-error.ts'
import { copyDatabase } from './copy-database.ts'
import { syncFolder } from './durable-file.ts'
import type { StoreContents } from './store-contents.ts'
import { storeProblem } from './store-problem.ts'

export interface BackupTerms {
  /** Absolute, as all paths here. */
  readonly storePath: string
  readonly file: string
  /** Replaces a file that is there. */
  readonly force: boolean
}

export interface Backup {
  readonly contents: StoreContents
  readonly bytes: number
}

/**
 * Writes the store, in use or not, to a file that stands under its name only once it is whole, checked and on the disk.
 * Throws GatewayError `invalid_input`.
 */
export async function backupStore({ storePath, file, force }: BackupTerms): Promise<Backup> {
  if (!existsSync(storePath)) throw refused(`There is no store "${storePath}" to back up`)
  if (isOwnFile(storePath, file)) throw refused(`Cannot write "${file}": it belongs to the store itself`)
  const found = statSync(file, { throwIfNoEntry: false })
  if (found?.isDirectory() === true) throw refused(`Cannot write "${file}": it is a folder; name a file in it`)
  if (found !== undefined && !force) throw alreadyThere(file)
  const draft = `${file}.${randomUUID().slice(0, 8)}.part`
  try {
    const contents = await copyDatabase(storePath, draft)
    putInPlace(draft, file, { force })
    return { contents, bytes: statSync(file).size }
  } catch (error) {
    if (error instanceof GatewayError && error.message.startsWith('Cannot')) throw error
    throw refused(`Cannot back up the store "${storePath}" to "${file}": ${storeProblem(error)}`, error)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Whether a path is the store, under whatever name, or belongs to it. */
export function isOwnFile(storePath: string, path: string): boolean {
  const companions = ['-wal', '-shm', '-journal', '.lock', '.restoring'].map((suffix) => `${storePath}${suffix}`)
  if ([...companions, join(dirname(storePath), 'corral.secret')].includes(path)) return true
  const [store, file] = [storePath, path].map((each) => statSync(each, { bigint: true, throwIfNoEntry: false }))
  return path === storePath || (store !== undefined && store.dev === file?.dev && store.ino === file.ino)
}

function putInPlace(draft: string, file: string, { force }: Pick<BackupTerms, 'force'>): void {
  if (force) renameSync(draft, file)
  else linkNew(draft, file)
  syncFolder(file)
}

/** Unlike a rename, a link never replaces what another process has put there. */
function linkNew(draft: string, file: string): void {
  try {
    linkSync(draft, file)
  } catch (error) {
    throw existsSync(file) ? alreadyThere(file, error) : error
  }
}

function alreadyThere(file: string, cause?: unknown): GatewayError {
  return refused(`Cannot write "${file}": it is there already; --force replaces it`, cause)
}

function refused(message: string, cause?: unknown): GatewayError {
  return new GatewayError('invalid_input', { message, cause })
}
