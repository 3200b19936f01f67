import { statSync, unwatchFile, watch, watchFile, type FSWatcher } from 'node:fs'
import { dirname } from 'node:path'
import { runtime } from '../lib/runtime.ts'
import { readBounded } from './read-bounded.ts'
import type { LoadedConfig } from './settings.ts'

export interface ConfigWatch {
  close(): void
}

interface WatchOptions {
  /** How long to wait after a sign of life in the folder: editors write in several steps. */
  readonly settleMs?: number
  /** How often to look where the system tells nothing, as on some network drives. */
  readonly pollMs?: number
}

/**
 * Calls back when the config file holds something else than before. Its folder is watched, because editors and
 * orchestrators put a new file (or link) in its place; a file that is gone is about to be replaced.
 */
export function watchConfig(
  { file }: Pick<LoadedConfig, 'file'>,
  onChange: () => void,
  { settleMs = 100, pollMs = 1000 }: WatchOptions = {},
): ConfigWatch {
  if (file === null) return { close() {} }
  const path = file
  let stamp = stampOf(path)
  let text = readText(path)
  let timer: NodeJS.Timeout | null = null
  let watcher: FSWatcher | null = null

  /** The database may lie in the same folder: most signs of life are its. */
  function look(): void {
    timer = null
    const newStamp = stampOf(path)
    if (newStamp === null || newStamp === stamp) return
    stamp = newStamp
    const newText = readText(path)
    if (newText === text) return
    text = newText
    onChange()
  }

  function lookSoon(): void {
    timer ??= setTimeout(look, settleMs).unref()
  }

  try {
    // Deno opens and closes every file that changes in a watched folder; were one of them the database, that would
    // take away SQLite's locks on it (fcntl(2): a process loses them all when it closes any descriptor of the file).
    watcher = runtime === 'deno' ? null : watch(dirname(path), { persistent: false }, lookSoon)
    // A folder that was replaced is watched no longer; from there on polling is enough.
    watcher?.on('error', () => watcher?.close())
  } catch {
    watcher = null
  }
  watchFile(path, { interval: pollMs, persistent: false }, lookSoon)

  return {
    close() {
      if (timer !== null) clearTimeout(timer)
      watcher?.close()
      unwatchFile(path, lookSoon)
    },
  }
}

function stampOf(path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true })
  return stats === undefined ? null : `${stats.ino}:${stats.size}:${stats.mtimeNs}`
}

function readText(path: string): string | null {
  const read = readBounded(path)
  return read.kind === 'text' ? read.text : null
}
