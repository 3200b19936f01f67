import { LastBytes } from './last-bytes.ts'

/** Chunks whose text is kept to read counts and terminators from. */
const KEPT = 8
/** Anthropic tells what the prompt took with the first event, which may come line by line. */
const KEPT_FIRST = 4
/** Of each of them, at most its last bytes. */
const KEPT_BYTES = 16 * 1024

const decoder = new TextDecoder()

interface AnswerTailOptions {
  readonly keepsBeginning: boolean
}

/**
 * The last lines of a stream, by reference: its end is read once, when it is over, not chunk by chunk. Where it is
 * asked for, the first lines too.
 */
export class AnswerTail {
  readonly #first: Uint8Array[] | null
  readonly #chunks: Uint8Array[] = []
  #next = 0
  /** Of the last line that came in pieces. */
  #long: LastBytes | null = null

  constructor({ keepsBeginning }: AnswerTailOptions) {
    this.#first = keepsBeginning ? [] : null
  }

  /** Whole lines. */
  push(chunk: Uint8Array): void {
    if (this.#first !== null && this.#first.length < KEPT_FIRST) this.#first.push(chunk)
    this.#chunks[this.#next] = chunk
    this.#next = (this.#next + 1) % KEPT
  }

  /** Of a line that is too long to come in one. */
  pushPiece(piece: Uint8Array, isFirst: boolean): void {
    if (isFirst || this.#long === null) {
      this.#long = new LastBytes()
      this.#chunks.length = 0
      this.#next = 0
    }
    this.#long.push(piece)
  }

  text(): string {
    let text = this.#first?.map(textOf).join('') ?? ''
    if (this.#long !== null) text += this.#long.text()
    for (let i = 0; i < KEPT; i++) {
      const chunk = this.#chunks[(this.#next + i) % KEPT]
      if (chunk !== undefined) text += textOf(chunk)
    }
    return text
  }
}

function textOf(chunk: Uint8Array): string {
  return decoder.decode(chunk.length > KEPT_BYTES ? chunk.subarray(-KEPT_BYTES) : chunk)
}
