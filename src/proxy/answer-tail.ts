/** Chunks whose text is kept to read counts and terminators from. */
const KEPT = 8
/** Of each of them, at most its last bytes. */
const KEPT_BYTES = 16 * 1024

const decoder = new TextDecoder()

/** The last chunks of an answer, by reference: its end is read once, when it is over, not chunk by chunk. */
export class AnswerTail {
  readonly #chunks: Uint8Array[] = []
  #next = 0

  push(chunk: Uint8Array): void {
    this.#chunks[this.#next] = chunk
    this.#next = (this.#next + 1) % KEPT
  }

  text(): string {
    let text = ''
    for (let i = 0; i < KEPT; i++) {
      const chunk = this.#chunks[(this.#next + i) % KEPT]
      if (chunk === undefined) continue
      text += decoder.decode(chunk.length > KEPT_BYTES ? chunk.subarray(-KEPT_BYTES) : chunk)
    }
    return text
  }
}
