import { existsSync } from 'node:fs'
import type { LedgerGroup } from '../ledger/ledger-group.ts'
import type { UsageQuery, UsageRow } from '../ledger/usage.ts'
import { createLedgerFiles, type LedgerFile } from './ledger-file.ts'
import type { LedgerOwner } from './ledger-marks.ts'
import { type LedgerTerms, pruneStep } from './ledger-pruning.ts'
import { storeProblem } from './store-problem.ts'
import { readUsage } from './usage-query.ts'

export interface LedgerBookOptions extends LedgerTerms {
  /** Absolute path of the store's database. */
  readonly path: string
  readonly owner: LedgerOwner
}

export type LedgerAnswer<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** Nothing has changed; the sentence has no subject. */
  | { readonly kind: 'failed'; readonly problem: string }

/** What the worker does with the database: one thing after another, each of which may fail and be asked again. */
export interface LedgerBook {
  /** How many ledgers ended without being closed. */
  open(): LedgerAnswer<number>
  write(group: LedgerGroup): LedgerAnswer<null>
  usage(query: UsageQuery): LedgerAnswer<UsageRow[]>
  /** False: nothing more is to be taken away now. */
  prune(now: number): LedgerAnswer<boolean>
  close(): LedgerAnswer<null>
}

export function createLedgerBook({ path, owner, ...terms }: LedgerBookOptions): LedgerBook {
  const files = createLedgerFiles(path, owner)

  function attempt<T>(action: (file: LedgerFile) => T): LedgerAnswer<T> {
    try {
      const value = action(files.current())
      files.settle()
      return { kind: 'done', value }
    } catch (error) {
      files.drop()
      const problem = existsSync(path) ? storeProblem(error) : `the file "${path}" is gone; put it back`
      return { kind: 'failed', problem }
    }
  }

  return {
    open: () =>
      attempt((file) => {
        let unclosed = 0
        file.transact(() => {
          unclosed = file.marks.takeUnclosed((other) => isRunning(other, owner))
          file.marks.noteGroup(file.marks.lastGroup())
        })
        return unclosed
      }),
    write: (group) =>
      attempt((file) => {
        file.transact(() => {
          // It was written, and the word of it was lost.
          if (file.marks.lastGroup() >= group.number) return
          file.rows.insert(group)
          file.marks.noteLost(group.lost)
          file.marks.noteGroup(group.number)
        })
        return null
      }),
    usage: (query) => attempt((file) => readUsage(file.database, query)),
    prune: (now) =>
      attempt((file) => {
        let isMore = false
        file.transact(() => void (isMore = pruneStep(file.database, terms, now)))
        return isMore
      }),
    close: () =>
      attempt((file) => {
        file.transact(() => file.marks.close())
        files.drop()
        return null
      }),
  }
}

/** Another process on this machine that has not ended. In a container every first process has the same number. */
function isRunning(other: LedgerOwner, self: LedgerOwner): boolean {
  if (other.host !== self.host || other.pid === self.pid) return false
  try {
    process.kill(other.pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
