import { Buffer } from 'node:buffer'

/** Behind the counts of a response its metadata may stand, 9 KB of it. */
const KEPT_BYTES = 16 * 1024
/** Pieces smaller than that are joined when there are so many, and cut to what is kept. */
const MOST_PIECES = 16
/** Where counts come first, it is within these. */
const HEAD_BYTES = 1024

const decoder = new TextDecoder()

/** The last 16 KB of what comes in pieces, however small they are, and how it begins: to read counts from. */
export class LastBytes {
  #first: Uint8Array | undefined
  readonly #pieces: Uint8Array[] = []
  #hasLost = false

  push(piece: Uint8Array): void {
    if (this.#first === undefined) this.#first = piece
    else if (piece.length >= KEPT_BYTES) this.#forget()
    else if (this.#pieces.length === MOST_PIECES) this.#join()
    this.#pieces.push(piece)
  }

  text(): string {
    const bytes = this.#joined()
    const isWhole = !this.#hasLost && bytes.length <= KEPT_BYTES
    const head = isWhole ? '' : decoder.decode(this.#first?.subarray(0, HEAD_BYTES))
    return head + decoder.decode(isWhole ? bytes : bytes.subarray(-KEPT_BYTES))
  }

  #join(): void {
    const all = this.#joined()
    this.#hasLost ||= all.length > KEPT_BYTES
    this.#pieces.length = 0
    this.#pieces.push(all.subarray(-KEPT_BYTES))
  }

  #joined(): Uint8Array {
    const only = this.#pieces[0]
    return this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces)
  }

  #forget(): void {
    this.#hasLost = true
    this.#pieces.length = 0
  }
}
