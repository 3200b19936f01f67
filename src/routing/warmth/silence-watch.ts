/**
 * Notices one loaded model on one upstream that has fallen silent after an abort: Ollama may have lost the slot of the
 * request that left, and then gives that model's next ones no byte ever again. Told of every request that it is sent.
 */
export class SilenceWatch {
  readonly #silent = new Map<unknown, Awaited>()
  readonly #begun = new Set<unknown>()
  /** The first abort since the last first byte. */
  #abortedAt: number | null = null
  #pauseMs = FIRST_PAUSE_MS
  #quietUntil = 0

  /** Nothing runs there, and nothing was aborted that may have left a mark. */
  get isIdle(): boolean {
    return this.#silent.size === 0 && this.#begun.size === 0 && this.#abortedAt === null
  }

  /** Whether it is worth asking `isStuck` again before something else happens. */
  get isDoubtful(): boolean {
    return this.#abortedAt !== null && this.#silent.size > 0 && this.#begun.size === 0
  }

  /** `expectedMs`: until its first byte, a load included. */
  sent(id: unknown, at: number, expectedMs: number): void {
    this.#silent.set(id, { since: at, expectedMs })
  }

  began(id: unknown): void {
    if (!this.#silent.delete(id)) return
    this.#begun.add(id)
    this.#abortedAt = null
    this.#pauseMs = FIRST_PAUSE_MS
  }

  /** Its answer came to its end. */
  ended(id: unknown): void {
    this.#begun.delete(id)
    this.#silent.delete(id)
  }

  /** It was given up while the upstream may have been at work on it. */
  aborted(id: unknown, at: number): void {
    const isKnown = this.#begun.delete(id) || this.#silent.delete(id)
    if (isKnown) this.#abortedAt ??= at
  }

  /** How long it has been silent, where that is far longer than what was sent can explain; the model being loaded. */
  isStuck(now: number): number | undefined {
    const abortedAt = this.#abortedAt
    if (!this.isDoubtful || abortedAt === null || now < this.#quietUntil) return undefined
    const silentMs = [...this.#silent.values()].map(({ since, expectedMs }) => ({
      ms: now - Math.max(since, abortedAt),
      expectedMs,
    }))
    return silentMs.find(({ ms, expectedMs }) => ms > SILENCE_MS + EXPECTED_TIMES * expectedMs)?.ms
  }

  /** What could be done against it has been done: where that did not help, it is tried ever more seldom. */
  treated(now: number): void {
    this.#quietUntil = now + this.#pauseMs
    this.#pauseMs = Math.min(2 * this.#pauseMs, LAST_PAUSE_MS)
  }
}

interface Awaited {
  readonly since: number
  readonly expectedMs: number
}

/** An upstream may read a prompt to its end although nobody waits for it; estimates may be wrong by a few times. */
const SILENCE_MS = 8_000
const EXPECTED_TIMES = 5

const FIRST_PAUSE_MS = 60_000
const LAST_PAUSE_MS = 30 * 60_000
