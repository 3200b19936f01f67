/** What is written at once. */
export const BULK_PIECE_BYTES = 64 * 1024
export const BULK_START = '{"model":"tiny","message":{"role":"assistant","content":"'
export const BULK_END = '"},"done":true}\n'

const DIGITS = 8

/** Piece `index` of the text between start and end; each tells where it belongs. */
export function bulkPiece(index: number): Buffer {
  const piece = Buffer.alloc(BULK_PIECE_BYTES, 'text ')
  piece.write(String(index).padStart(DIGITS, '0'), 'latin1')
  return piece
}

export function bulkBytes(pieces: number): number {
  return BULK_START.length + pieces * BULK_PIECE_BYTES + BULK_END.length
}

/** Whether an answer is, byte by byte, what the stub sent. */
export class BulkCheck {
  readonly #pieces: number
  #taken = 0
  #index = -1
  #expected: Buffer = Buffer.from(BULK_START)
  #place = 0
  #intact = true

  constructor(pieces: number) {
    this.#pieces = pieces
  }

  get taken(): number {
    return this.#taken
  }

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#place === this.#expected.length) this.#next()
      const size = Math.min(bytes.length - at, this.#expected.length - this.#place)
      if (size === 0) return void (this.#intact = false)
      const isSame = bytes.compare(this.#expected, this.#place, this.#place + size, at, at + size) === 0
      this.#intact &&= isSame
      this.#place += size
      this.#taken += size
      at += size
    }
  }

  isWhole(): boolean {
    return this.#intact && this.#taken === bulkBytes(this.#pieces)
  }

  #next(): void {
    this.#index += 1
    this.#place = 0
    if (this.#index < this.#pieces) this.#expected = bulkPiece(this.#index)
    else this.#expected = Buffer.from(this.#index === this.#pieces ? BULK_END : '')
  }
}
