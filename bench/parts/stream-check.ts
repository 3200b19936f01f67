import { LAST_LINE, streamLine } from './workload.ts'

/** Whether the text of one stream is, line by line, what the stub sent for this seed. */
export class StreamCheck {
  readonly #seed: number
  readonly #chunks: number
  #lines = 0
  #rest = ''
  #intact = true

  constructor(seed: number, chunks: number) {
    this.#seed = seed
    this.#chunks = chunks
  }

  /** How many lines this piece completed. */
  push(piece: string): number {
    const before = this.#lines
    this.#rest += piece
    for (let end = this.#rest.indexOf('\n'); end >= 0; end = this.#rest.indexOf('\n')) {
      const expected = this.#lines < this.#chunks ? streamLine(this.#seed, this.#lines) : LAST_LINE
      if (this.#rest.slice(0, end + 1) !== expected) this.#intact = false
      this.#rest = this.#rest.slice(end + 1)
      this.#lines++
    }
    return this.#lines - before
  }

  isWhole(): boolean {
    return this.#intact && this.#rest === '' && this.#lines === this.#chunks + 1
  }
}
