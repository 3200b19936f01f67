import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncFolder } from './durable-file.ts'
import { isMissing } from './store-problem.ts'

/** The text of a file that only its owner may read; undefined where there is none. */
export function readSecretFile(path: string, onWarning?: (sentence: string) => void): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    tighten(path, onWarning)
    return text
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Makes the file whole or not at all, and returns what it holds: of several processes the first one wins. */
export function createSecretFile(path: string, text: string): string {
  const draft = `${path}.${randomUUID()}`
  writeDurably(draft, text)
  try {
    // Unlike a rename, a link never replaces what another process has put there.
    linkSync(draft, path)
    syncFolder(path)
    return text
  } catch (error) {
    const existing = readSecretFile(path)
    if (existing === undefined) throw error
    return existing.trim()
  } finally {
    unlinkSync(draft)
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(file, `${text}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** Windows has no such modes; where they cannot be changed, the failure says so. */
function tighten(path: string, onWarning?: (sentence: string) => void): void {
  if (process.platform === 'win32' || (statSync(path).mode & 0o077) === 0) return
  chmodSync(path, 0o600)
  onWarning?.(`"${path}" could be read by others; its mode is 0600 now`)
}
