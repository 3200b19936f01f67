import { statSync } from 'node:fs'

export interface StorePlace {
  /** Why what is written now would be lost, as the second half of a sentence; null where it would not. */
  problem(): string | null
}

/**
 * Whether the files of an open database are still where they were. SQLite goes on with files that were deleted, and
 * what it acknowledges then is gone with the process.
 */
export function createStorePlace(path: string): StorePlace {
  const files = [path, `${path}-wal`].map((file) => ({ file, opened: identityOf(file) }))
  return {
    problem() {
      for (const { file, opened } of files) {
        const found = identityOf(file)
        if (found === opened || opened === undefined) continue
        const what = found === undefined ? 'is gone' : 'is not the one that was opened'
        return `the file "${file}" ${what}; put it back, or stop the gateway and run "corral restore FILE"`
      }
      return null
    },
  }
}

function identityOf(path: string): string | undefined {
  const facts = statSync(path, { bigint: true, throwIfNoEntry: false })
  return facts && `${facts.dev}:${facts.ino}`
}
