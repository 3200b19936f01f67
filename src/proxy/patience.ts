/** Who is waited for, and until when, on the monotonic clock. */
export class Patience {
  readonly #idleMs: number
  #deadline = Infinity
  #readerIsFull = false

  constructor(idleMs: number) {
    this.#idleMs = idleMs
  }

  /** Nobody is waited for. */
  suspend(): void {
    this.#deadline = Infinity
  }

  waitFor(ms: number): void {
    this.#deadline = performance.now() + ms
  }

  /** The upstream spoke; `room`: whether the reader can take more. */
  heard(room: boolean): void {
    this.#readerIsFull = !room
    this.waitFor(this.#idleMs)
  }

  /** A reader that had no room has some: now it is the upstream's turn. */
  drained(): void {
    if (this.#readerIsFull) this.heard(true)
  }

  verdict(now: number): 'patient' | 'upstream-silent' | 'reader-stalled' {
    if (now < this.#deadline) return 'patient'
    return this.#readerIsFull ? 'reader-stalled' : 'upstream-silent'
  }
}
