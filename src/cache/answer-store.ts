import { LRUCache } from 'lru-cache'
import type { Clock } from '../lib/clock.ts'
import type { Recording } from './recording.ts'
import type { CacheSettings } from './settings.ts'

/** An answer that may be given again. */
export interface KeptAnswer {
  readonly recording: Recording
  /** Of the model that gave it. */
  readonly digest: string
  /** The upstream that gave it. */
  readonly upstream: string
  /** Milliseconds since the epoch. */
  readonly keptAt: number
}

/** Answers by key, and the memory that they and those to come may take. */
export interface AnswerStore {
  get(key: string): KeptAnswer | undefined
  keep(key: string, answer: Omit<KeptAnswer, 'keptAt'>): void
  /** Memory for an answer that is being recorded: what is kept makes way, up to a half. False: there is none. */
  reserve(bytes: number): boolean
  giveBack(bytes: number): void
  /** What one answer may take. */
  readonly maxEntryBytes: number
  /** Drops what came from a model that nobody has any more. */
  dropUnless(isKnown: (digest: string) => boolean): void
  configure(settings: StoreSettings): void
  clear(): void
  isEmpty(): boolean
  held(): HeldAnswers
}

export interface HeldAnswers {
  readonly answers: number
  /** With those that are being recorded. */
  readonly bytes: number
}

export type StoreSettings = Pick<CacheSettings, 'ttlMs' | 'maxBytes'>

/** One answer takes at most this share of all. */
const ENTRY_SHARE = 1 / 8
/** Beyond it nobody waits for the same answer again. */
const LARGEST_ENTRY = 32 * 2 ** 20
/** Key, head and objects, about. */
const OVERHEAD_BYTES = 1024

export function createAnswerStore(clock: Clock, initial: StoreSettings): AnswerStore {
  let { ttlMs, maxBytes } = initial
  let answers = createAnswers(maxBytes)
  let reserved = 0

  const makeRoom = (): void => {
    while (answers.size > 0 && answers.calculatedSize + reserved > maxBytes) answers.pop()
  }
  return {
    get(key) {
      const answer = answers.get(key)
      if (answer === undefined) return undefined
      const age = clock.now() - answer.keptAt
      // A clock that was set back must not keep it for longer.
      if (age >= 0 && age < ttlMs) return answer
      answers.delete(key)
      return undefined
    },
    keep(key, answer) {
      answers.set(key, { ...answer, keptAt: clock.now() }, { size: answer.recording.allocated + OVERHEAD_BYTES })
      makeRoom()
    },
    reserve(bytes) {
      if (reserved + bytes > maxBytes / 2) return false
      reserved += bytes
      makeRoom()
      return true
    },
    giveBack: (bytes) => void (reserved -= bytes),
    get maxEntryBytes() {
      return Math.min(LARGEST_ENTRY, maxBytes * ENTRY_SHARE)
    },
    dropUnless(isKnown) {
      for (const [key, { digest }] of answers.entries()) if (!isKnown(digest)) answers.delete(key)
    },
    configure(next) {
      ttlMs = next.ttlMs
      if (next.maxBytes === maxBytes) return
      maxBytes = next.maxBytes
      const before = [...answers.entries()].toReversed()
      answers = createAnswers(maxBytes)
      // The freshest last: they are the last to go.
      for (const [key, answer] of before)
        answers.set(key, answer, { size: answer.recording.allocated + OVERHEAD_BYTES })
      makeRoom()
    },
    clear: () => answers.clear(),
    isEmpty: () => answers.size === 0,
    held: () => ({ answers: answers.size, bytes: answers.calculatedSize + reserved }),
  }
}

function createAnswers(maxBytes: number): LRUCache<string, KeptAnswer> {
  return new LRUCache({ maxSize: maxBytes })
}
