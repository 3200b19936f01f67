import type { RawHeaders } from '../lib/raw-headers.ts'
import type { UpstreamError } from '../proxy/upstream.ts'

/** Chunks of a stream are a hundred bytes, an object each would cost as much again: they are kept in blocks. */
const SMALLEST_BLOCK = 1024
const LARGEST_BLOCK = 16 * 1024

export interface RecordedHead {
  readonly status: number
  readonly headers: RawHeaders
}

export type RecordedEnding =
  | { readonly kind: 'ended'; readonly trailers: RawHeaders | undefined }
  | { readonly kind: 'failed'; readonly error: UpstreamError }

/** An answer as it came, or as far as it has come. Chunks are never split, so lines stay whole. */
export class Recording {
  /** The other side owns the request. */
  accepted = false
  head: RecordedHead | null = null
  ending: RecordedEnding | null = null
  readonly #blocks: Uint8Array[] = []
  /** Of the last block. */
  #used = 0
  #bytes = 0
  #allocated = 0

  /** Of the body. */
  get bytes(): number {
    return this.#bytes
  }

  /** Memory that it takes for it. */
  get allocated(): number {
    return this.#allocated
  }

  /** Copies it: whose chunk it is may use its memory again. */
  append(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    const last = this.#blocks.at(-1)
    if (last === undefined || last.length - this.#used < chunk.length) this.#addBlock(chunk.length)
    this.#blocks.at(-1)?.set(chunk, this.#used)
    this.#used += chunk.length
    this.#bytes += chunk.length
  }

  /** What stands at a place, to the end of its block; undefined: nothing yet. */
  pieceAt(block: number, offset: number): Uint8Array | undefined {
    const found = this.#blocks[block]
    if (found === undefined) return undefined
    const end = block === this.#blocks.length - 1 ? this.#used : found.length
    return offset < end ? found.subarray(offset, end) : undefined
  }

  /** Whether more stands behind this block. */
  isPast(block: number): boolean {
    return block < this.#blocks.length - 1
  }

  /** Its memory is what it needs from here on. */
  trim(): void {
    const last = this.#blocks.at(-1)
    if (last === undefined || last.length === this.#used) return
    this.#blocks[this.#blocks.length - 1] = last.slice(0, this.#used)
    this.#allocated -= last.length - this.#used
  }

  /** Nobody reads what stands before this block any more. */
  forgetBefore(block: number): void {
    for (let at = Math.min(block, this.#blocks.length - 1) - 1; at >= 0; at--) {
      const forgotten = this.#blocks[at]
      if (forgotten === undefined || forgotten === FORGOTTEN) return
      this.#allocated -= forgotten.buffer.byteLength
      this.#blocks[at] = FORGOTTEN
    }
  }

  #addBlock(least: number): void {
    const last = this.#blocks.at(-1)
    if (last !== undefined && this.#used < last.length)
      this.#blocks[this.#blocks.length - 1] = last.subarray(0, this.#used)
    const size = Math.max(least, Math.min(LARGEST_BLOCK, Math.max(SMALLEST_BLOCK, this.#bytes)))
    this.#blocks.push(new Uint8Array(size))
    this.#allocated += size
    this.#used = 0
  }
}

const FORGOTTEN = new Uint8Array(0)
