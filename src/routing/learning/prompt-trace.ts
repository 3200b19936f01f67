import { BLOCK_TOKENS } from '../../lib/prompt-block.ts'

/**
 * What one model on one upstream was given to read lately, so far as to tell how much of a prompt it may have known
 * already. Ollama counts such tokens among those that it read since 0.30.1, and did so in versions before.
 */
export class PromptTrace {
  readonly #starts: number[] = []
  readonly #ends = new Map<number, number>()

  /** How many of its tokens were new, and it is remembered. Undefined: it begins like another, nobody knows how far. */
  newTokens(tokens: number, blocks: readonly number[]): number | undefined {
    const known = this.#knownBlocks(blocks)
    this.#remember(blocks)
    return known === undefined ? undefined : Math.max(0, tokens - known * BLOCK_TOKENS)
  }

  #knownBlocks(blocks: readonly number[]): number | undefined {
    const [start] = blocks
    if (start === undefined || !this.#starts.includes(start)) return 0
    // A conversation that goes on holds all of what was read before.
    for (let index = blocks.length - 1; index >= 0; index -= 1) {
      if (this.#ends.get(blocks[index] ?? 0) === index) return index + 1
    }
    return undefined
  }

  #remember(blocks: readonly number[]): void {
    const [start] = blocks
    const end = blocks.at(-1)
    if (start === undefined || end === undefined) return
    if (!this.#starts.includes(start)) this.#starts.push(start)
    if (this.#starts.length > KEPT) this.#starts.shift()
    this.#ends.delete(end)
    this.#ends.set(end, blocks.length - 1)
    for (const oldest of this.#ends.keys()) {
      if (this.#ends.size <= KEPT) break
      this.#ends.delete(oldest)
    }
  }
}

/** More conversations than the slots of a model remember. */
const KEPT = 16
