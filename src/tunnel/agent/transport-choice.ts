import type { TransportKind } from '../wire/transport.ts'

/** Which transport is tried next. `auto` tries the other one for as long as none has worked here, and keeps what worked. */
export class TransportChoice {
  readonly #isFree: boolean
  #next: TransportKind
  #isProven = false

  constructor(wanted: TransportKind | 'auto') {
    this.#isFree = wanted === 'auto'
    this.#next = wanted === 'sse' ? 'sse' : 'ws'
  }

  get next(): TransportKind {
    return this.#next
  }

  worked(): void {
    this.#isProven = true
  }

  failed(): void {
    if (this.#isFree && !this.#isProven) this.#next = this.#next === 'ws' ? 'sse' : 'ws'
  }
}
