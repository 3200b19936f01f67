/** Longest unfinished line that is held back; a longer one passes in pieces. */
export const LONGEST_HELD_BYTES = 64 * 1024
const NEWLINE = 0x0a
const NOTHING: Uint8Array = new Uint8Array(0)

/**
 * Lets whole lines of a stream pass as they come and holds at most one unfinished one, so that no client sees a split
 * character and a failure can always be told in-band. A line beyond the bound passes in pieces.
 */
export class LineGate {
  #held: Uint8Array[] = []
  #heldBytes = 0
  #insideLongLine = false

  /** Whether part of an unfinished line has passed already. */
  get insideLine(): boolean {
    return this.#insideLongLine
  }

  /** What may pass now; empty where nothing may. Usually the very chunk that came. */
  push(chunk: Uint8Array): Uint8Array {
    if (chunk.length === 0) return NOTHING
    const end = chunk[chunk.length - 1] === NEWLINE ? chunk.length : chunk.lastIndexOf(NEWLINE) + 1
    if (end === 0) return this.#hold(chunk)
    const lines = end === chunk.length ? chunk : chunk.subarray(0, end)
    const passing = this.#heldBytes === 0 ? lines : this.#release(lines)
    this.#insideLongLine = false
    if (end < chunk.length) this.#keep(chunk.subarray(end))
    return passing
  }

  /** What is still held: half a line, which a failed stream drops and a whole one lets pass. */
  rest(): Uint8Array {
    return this.#heldBytes === 0 ? NOTHING : this.#release(NOTHING)
  }

  #hold(chunk: Uint8Array): Uint8Array {
    if (this.#insideLongLine) return chunk
    this.#keep(chunk)
    if (this.#heldBytes <= LONGEST_HELD_BYTES) return NOTHING
    this.#insideLongLine = true
    return this.#release(NOTHING)
  }

  #keep(chunk: Uint8Array): void {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
  }

  #release(last: Uint8Array): Uint8Array {
    const joined = new Uint8Array(this.#heldBytes + last.length)
    let at = 0
    for (const piece of this.#held) {
      joined.set(piece, at)
      at += piece.length
    }
    joined.set(last, at)
    this.#held = []
    this.#heldBytes = 0
    return joined
  }
}
