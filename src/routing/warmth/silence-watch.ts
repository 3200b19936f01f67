import { createBag } from '../../lib/bag.ts'

/**
 * Notices one loaded model on one upstream that has fallen silent after an abort: Ollama may have lost the slot of the
 * request that left, and then gives that model's next ones no byte ever again. Told of every request that it is sent.
 */
export class SilenceWatch {
  /** Those without a first byte. No map: see `lib/bag.ts`. */
  readonly #silent = createBag<Watched>()
  /** How many answers are on their way. */
  #begun = 0
  /** The first abort since the last first byte. */
  #abortedAt: number | null = null
  #pauseMs = FIRST_PAUSE_MS
  #quietUntil = 0

  /** Nothing runs there, and nothing was aborted that may have left a mark. */
  get isIdle(): boolean {
    return this.#silent.size === 0 && this.#begun === 0 && this.#abortedAt === null
  }

  /** Whether it is worth asking `isStuck` again before something else happens. */
  get isDoubtful(): boolean {
    return this.#abortedAt !== null && this.#silent.size > 0 && this.#begun === 0
  }

  /** `expectedMs`: until its first byte, a load included; asked when it matters. The others are to be told the answer. */
  sent(at: number, expectedMs: () => number): Watched {
    const request: Watched = { since: at, expectedMs, state: 'silent' }
    this.#silent.add(request)
    return request
  }

  began(request: Watched): void {
    if (request.state !== 'silent') return
    this.#silent.remove(request)
    request.state = 'begun'
    this.#begun += 1
    this.#abortedAt = null
    this.#pauseMs = FIRST_PAUSE_MS
  }

  /** Its answer came to its end. */
  ended(request: Watched): void {
    if (request.state === 'silent') this.#silent.remove(request)
    if (request.state === 'begun') this.#begun -= 1
    request.state = 'over'
  }

  /** It was given up while the upstream may have been at work on it. */
  aborted(request: Watched, at: number): void {
    if (request.state === 'over') return
    this.ended(request)
    this.#abortedAt ??= at
  }

  /** How long it has been silent, where that is far longer than what was sent can explain; the model being loaded. */
  isStuck(now: number): number | undefined {
    const abortedAt = this.#abortedAt
    if (!this.isDoubtful || abortedAt === null || now < this.#quietUntil) return undefined
    const silentMs = this.#silent.members().map(({ since, expectedMs }) => ({
      ms: now - Math.max(since, abortedAt),
      expectedMs: expectedMs(),
    }))
    return silentMs.find(({ ms, expectedMs }) => ms > SILENCE_MS + EXPECTED_TIMES * expectedMs)?.ms
  }

  /** What could be done against it has been done: where that did not help, it is tried ever more seldom. */
  treated(now: number): void {
    this.#quietUntil = now + this.#pauseMs
    this.#pauseMs = Math.min(2 * this.#pauseMs, LAST_PAUSE_MS)
  }
}

/** One request that the upstream was sent. */
export interface Watched {
  readonly since: number
  readonly expectedMs: () => number
  state: 'silent' | 'begun' | 'over'
}

/** An upstream may read a prompt to its end although nobody waits for it; estimates may be wrong by a few times. */
const SILENCE_MS = 8_000
const EXPECTED_TIMES = 5

const FIRST_PAUSE_MS = 60_000
const LAST_PAUSE_MS = 30 * 60_000
