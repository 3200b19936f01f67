import { readFile, stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../lib/clock.ts'
import { isMissing, storeProblem } from './store-problem.ts'

export type FileRead =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'unreadable'; readonly problem: string }

/** Reads one file again and again, and does no work while it stays the same. */
export interface FileReader {
  /** Never rejects. */
  read(): Promise<FileRead>
}

const MAX_BYTES = 16 * 1024 * 1024
/** File systems stamp times as coarsely as 2 s (FAT): a younger file may change without showing it. */
const STAMP_MS = 2000
const SETTLE_MS = 50
const SETTLE_ATTEMPTS = 10

export function createFileReader(path: string, clock: Clock): FileReader {
  let stamp: string | null = null

  async function read(): Promise<FileRead> {
    let seen = await look(path)
    if (seen.stamp === stamp) return { kind: 'unchanged' }
    if (seen.size > MAX_BYTES) return { kind: 'unreadable', problem: `it is larger than ${MAX_BYTES} bytes` }
    let text = await readFile(path, 'utf8')
    // Whoever writes a file empties it first: what was written just now is believed once it has come to rest.
    for (let attempt = 0; attempt < SETTLE_ATTEMPTS && isYoung(seen); attempt++) {
      await delay(SETTLE_MS)
      const again = await look(path)
      if (again.stamp === seen.stamp) break
      seen = again
      text = await readFile(path, 'utf8')
    }
    stamp = isYoung(seen) ? null : seen.stamp
    return { kind: 'text', text }
  }

  function isYoung({ changedAt }: Look): boolean {
    return Math.abs(clock.now() - changedAt) < STAMP_MS
  }

  return {
    async read() {
      try {
        return await read()
      } catch (error) {
        stamp = null
        return { kind: 'unreadable', problem: isMissing(error) ? 'it does not exist' : storeProblem(error) }
      }
    },
  }
}

interface Look {
  readonly stamp: string
  readonly changedAt: number
  readonly size: number
}

async function look(path: string): Promise<Look> {
  const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(path, { bigint: true })
  return { stamp: `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`, changedAt: Number(ctimeMs), size: Number(size) }
}
