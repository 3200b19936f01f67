import { BLOCK_TOKENS } from '../../lib/prompt-block.ts'

/** What the slots of one model on one upstream still know of the conversations they had: Ollama reads that not again. */
export class SlotMemory {
  /** Least recently used first. */
  #kept: (readonly number[])[] = []

  get isEmpty(): boolean {
    return this.#kept.length === 0
  }

  /** How many tokens of a prompt of these blocks some free slot has read already. */
  knownTokens(blocks: readonly number[]): number {
    const best = this.#longest(blocks)
    return best === undefined ? 0 : commonLength(best, blocks) * BLOCK_TOKENS
  }

  /** A slot starts with it: the one that knows most of it, as Ollama chooses. Nobody else finds that one meanwhile. */
  take(blocks: readonly number[], slots: number): void {
    const best = this.#longest(blocks)
    if (best !== undefined) this.#kept.splice(this.#kept.indexOf(best), 1)
    else if (this.#kept.length >= slots) this.#kept.shift()
  }

  /** The slot is free again, and keeps what it read. */
  keep(blocks: readonly number[], slots: number): void {
    if (blocks.length > 0) this.#kept.push(blocks)
    const extra = this.#kept.length - Math.max(1, Math.min(slots, MOST_KEPT))
    if (extra > 0) this.#kept.splice(0, extra)
  }

  clear(): void {
    this.#kept = []
  }

  #longest(blocks: readonly number[]): readonly number[] | undefined {
    let best: readonly number[] | undefined
    let length = 0
    for (const kept of this.#kept) {
      const common = commonLength(kept, blocks)
      if (common > length) [best, length] = [kept, common]
    }
    return best
  }
}

/** For upstreams of very many slots. */
const MOST_KEPT = 16

/** Each digest is over everything before it: where one is equal, so are all before. */
function commonLength(a: readonly number[], b: readonly number[]): number {
  let equal = 0
  let different = Math.min(a.length, b.length) + 1
  while (different - equal > 1) {
    const middle = (equal + different) >> 1
    if (a[middle - 1] === b[middle - 1]) equal = middle
    else different = middle
  }
  return equal
}
