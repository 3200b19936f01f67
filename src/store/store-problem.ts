import { GatewayError } from '../errors/gateway-error.ts'

const CORRUPT = 11
const NOTADB = 26
const RESTORE = 'run "corral restore FILE" with a backup, or start with another store'

/** Primary result codes: https://www.sqlite.org/rescode.html */
const sqliteProblems: Readonly<Record<number, string>> = {
  5: 'another process holds it; try again',
  6: 'another process holds it; try again',
  8: 'it may not be written to',
  10: 'the disk cannot be read or written',
  11: 'it is damaged',
  13: 'the disk is full',
  14: 'it cannot be opened',
  26: 'it is not an SQLite database, or its beginning is damaged',
}

const systemProblems: Readonly<Record<string, string>> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'the file system is read-only',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk is full',
}

/** The second half of a sentence about why the store cannot be used. */
export function storeProblem(error: unknown): string {
  if (error instanceof GatewayError) return error.message
  const primary = resultCode(error) & 0xff
  return (
    sqliteProblems[primary] ??
    systemProblems[systemCode(error)] ??
    (error instanceof Error ? error.message : String(error))
  )
}

/** The same for the store in use, with what to do where it is damaged. */
export function storeTrouble(error: unknown): string {
  const problem = storeProblem(error)
  const code = resultCode(error instanceof GatewayError ? error.cause : error) & 0xff
  return code === CORRUPT || code === NOTADB ? `${problem}: ${RESTORE}` : problem
}

/** What SQLite would throw had it come upon the damage itself. */
export function damage(detail: string): GatewayError {
  const cause = Object.assign(new Error(detail), { errcode: CORRUPT })
  return new GatewayError('invalid_input', { message: `it is damaged (${detail})`, cause })
}

export function isMissing(error: unknown): boolean {
  return systemCode(error) === 'ENOENT'
}

export function isBusy(error: unknown): boolean {
  return (resultCode(error) & 0xff) === 5
}

/** Whether the database, not what was asked of it, is what is wrong. */
export function isUnavailable(error: unknown): boolean {
  return Object.hasOwn(sqliteProblems, resultCode(error) & 0xff) || Object.hasOwn(systemProblems, systemCode(error))
}

/** SQLITE_CONSTRAINT_UNIQUE or SQLITE_CONSTRAINT_PRIMARYKEY, with the columns that it names. */
export function uniqueViolation(error: unknown): string | undefined {
  const code = resultCode(error)
  return error instanceof Error && (code === 2067 || code === 1555) ? error.message : undefined
}

function resultCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : 0
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
