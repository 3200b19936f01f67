import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { ServiceAccount } from './service-account.ts'

interface ReachTerms {
  /** Null: somebody whom only the rights of all others help. */
  readonly account: ServiceAccount | null
  /** The folder the way begins in: what is above does not matter. */
  readonly from: string
}

/** The first file or folder on the way to a file that the service's user may not pass or read; undefined: none. */
export async function firstForbidden(path: string, { account, from }: ReachTerms): Promise<string | undefined> {
  for (const step of wayTo(path, from)) {
    const wanted = step === path ? 0o4 : 0o1
    if ((rightsOf(account, await stat(step)) & wanted) === 0) return step
  }
  return undefined
}

/** Of the three digits of a mode the one that holds for this user. */
function rightsOf(account: ServiceAccount | null, { mode, uid, gid }: Stats): number {
  if (account?.uid === uid) return mode >> 6
  return account?.gid === gid ? mode >> 3 : mode
}

function wayTo(path: string, from: string): string[] {
  const way = [path]
  for (let folder = path; folder !== from && folder !== dirname(folder); ) way.unshift((folder = dirname(folder)))
  return way
}
