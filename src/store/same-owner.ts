import { chownSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Gives a file that root has made beside the store to the account that the store belongs to, which could not use it
 * otherwise: a service rarely runs as whoever types commands.
 */
export function giveToOwnerOf(storePath: string, path: string): void {
  if (process.getuid?.() !== 0) return
  const { uid, gid } = statSync(storePath, { throwIfNoEntry: false }) ?? statSync(dirname(storePath))
  chownSync(path, uid, gid)
}
