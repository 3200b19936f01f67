/** Beyond it, an answer that says "busy" is passed on without asking elsewhere. */
const LARGEST_HELD_ANSWER = 64 * 1024

/** An answer that is kept back while another upstream may give a better one. */
export class HeldAnswer {
  readonly chunks: Uint8Array[] = []
  #bytes = 0

  /** False: it has become too large to be held. */
  keep(chunk: Uint8Array): boolean {
    this.chunks.push(chunk)
    this.#bytes += chunk.length
    return this.#bytes <= LARGEST_HELD_ANSWER
  }
}
