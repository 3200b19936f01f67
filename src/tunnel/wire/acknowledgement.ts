import { nextSeq } from './batch.ts'

const MOST_BYTES = 64 * 1024

/** Which batches have arrived, and whether that has been said. */
export class Acknowledgement {
  #last = 0
  #bytes = 0

  /** Number of the last batch that arrived in order. */
  get last(): number {
    return this.#last
  }

  get isDue(): boolean {
    return this.#bytes > 0
  }

  get isUrgent(): boolean {
    return this.#bytes >= MOST_BYTES
  }

  /** False: one is missing, or came twice. */
  arrived(seq: number): boolean {
    if (seq !== nextSeq(this.#last)) return false
    this.#last = seq
    return true
  }

  /** A batch that its sender would have to send again if it were lost. */
  owed(bytes: number): void {
    this.#bytes += bytes
  }

  said(): void {
    this.#bytes = 0
  }
}
