import type { KeyDirectory } from '../auth/key-directory.ts'
import type { KeyStore } from '../auth/key-store.ts'
import type { Log } from '../lib/log.ts'

export interface KeyUseWatch {
  /** Writes what is left. */
  close(): Promise<void>
}

export interface KeyUseDeps {
  readonly directory: Pick<KeyDirectory, 'takeUsed'>
  readonly store: Pick<KeyStore, 'note'>
  readonly log: Log
}

const WRITE_MS = 60_000

/** Writes down once a minute which keys were used in it. */
export function watchKeyUse({ directory, store, log }: KeyUseDeps): KeyUseWatch {
  let unwritten: readonly string[] = []
  const timer = setInterval(() => void write(), WRITE_MS).unref()

  /** What cannot be written now is the next time's. Never rejects. */
  async function write(): Promise<void> {
    const used = [...new Set([...unwritten, ...directory.takeUsed()])]
    unwritten = used
    if (used.length === 0) return
    try {
      if (await store.note((tables) => tables.markUsed(used))) unwritten = []
    } catch (error) {
      log.warn({ err: error }, 'When keys were used last could not be written')
    }
  }

  return {
    async close() {
      clearInterval(timer)
      await write()
    },
  }
}
