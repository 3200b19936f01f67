import type { Clock } from '../../lib/clock.ts'

/** Less than a refused agent waits. */
const SAY_AGAIN_MS = 50_000
const MAX_SAID = 20

/** A text that was said a moment ago is not said again: a night without a gateway is a long one. */
export class SayOnce {
  readonly #clock: Clock
  readonly #said = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  say(text: string, write: (text: string) => void): void {
    const now = this.#clock.now()
    if (now - (this.#said.get(text) ?? -Infinity) < SAY_AGAIN_MS) return
    if (this.#said.size >= MAX_SAID) this.#said.clear()
    this.#said.set(text, now)
    write(text)
  }

  forget(): void {
    this.#said.clear()
  }
}
