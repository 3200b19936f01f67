import type { ForeignKey, KeyFileContent } from '../auth/foreign-keys.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createFileReader, type FileReader } from './file-reader.ts'

export interface KeyFileSource {
  /** What the file is called in the config. */
  readonly label: string
  readonly path: string
  /** A change takes effect after at most this time. */
  readonly everyMs: number
  readonly parse: (text: string) => KeyFileContent
}

/** Key files as they are now, or as they last were when they could be read and believed. */
export interface KeyFiles {
  keys(): readonly ForeignKey[]
  /** Reads all files, and again as often as each wants it. */
  start(): Promise<void>
  /** Reads every file that may have changed now. */
  check(): Promise<void>
  close(): void
}

export interface KeyFilesDeps {
  readonly log: Log
  readonly clock: Clock
  /** Called after `keys` has begun to return something else. */
  readonly onChange: () => void
}

export function createKeyFiles(deps: KeyFilesDeps, sources: readonly KeyFileSource[]): KeyFiles {
  const files = sources.map((source) => createKeyFile(deps, source))
  const timers: NodeJS.Timeout[] = []
  return {
    keys: () => files.flatMap((file) => file.keys()),
    async start() {
      await Promise.all(files.map((file) => file.check()))
      for (const file of files) timers.push(setInterval(() => void file.check(), file.everyMs).unref())
    },
    async check() {
      await Promise.all(files.map((file) => file.check()))
    },
    close() {
      for (const timer of timers) clearInterval(timer)
    },
  }
}

interface KeyFile {
  readonly everyMs: number
  keys(): readonly ForeignKey[]
  /** Never rejects. */
  check(): Promise<void>
}

function createKeyFile(
  { log, clock, onChange }: KeyFilesDeps,
  { label, path, everyMs, parse }: KeyFileSource,
): KeyFile {
  const reader: FileReader = createFileReader(path, clock)
  let keys: readonly ForeignKey[] = []
  let problem: string | null = null
  let running: Promise<void> | null = null

  function report(next: string | null): void {
    if (next === problem) return
    if (next === null) log.info({ path }, `${label} is readable again`)
    else log.warn({ path }, `${label} cannot be used, its last good keys stay: ${next}`)
    problem = next
  }

  async function check(): Promise<void> {
    const read = await reader.read()
    if (read.kind === 'unchanged') return
    if (read.kind === 'unreadable') return report(read.problem)
    const content = parse(read.text)
    if (content.kind === 'malformed') return report(content.problem)
    report(null)
    const changed = digests(content.keys) !== digests(keys)
    keys = content.keys
    if (changed) onChange()
  }

  return {
    everyMs,
    keys: () => keys,
    // A slow disk must not pile up reads.
    check: () => (running ??= check().finally(() => (running = null))),
  }
}

function digests(keys: readonly ForeignKey[]): string {
  return keys.map((key) => key.digest).join(' ')
}
