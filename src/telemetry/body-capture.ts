import { Buffer } from 'node:buffer'

/** Memory that all captures share. */
export interface CaptureBudget {
  /** False: there is no room, and nothing was taken. */
  take(bytes: number): boolean
  give(bytes: number): void
}

/** What was kept of a body. */
export interface CapturedBody {
  /** All of it, kept or not. */
  readonly bytes: number
  readonly text: string
  /** Whether there was more. */
  readonly isCut: boolean
}

const SMALLEST = 1024
/** No word of any language is as long: an image, a sound or an embedding in base64. */
const LONGEST_RUN = 512
const inRun = encodedCharacters()

/** The beginning of a body, as it passes. Long runs of base64 are left out, so that what follows an image is kept. */
export class BodyCapture {
  readonly #maxBytes: number
  readonly #budget: CaptureBudget
  #kept: Uint8Array = new Uint8Array(0)
  #used = 0
  #bytes = 0
  /** Length of the run of base64 that the last byte was part of. */
  #run = 0
  #isCut = false

  constructor(maxBytes: number, budget: CaptureBudget) {
    this.#maxBytes = maxBytes
    this.#budget = budget
  }

  /** Copies it: whose chunk it is may use its memory again. */
  add(chunk: Uint8Array): void {
    this.#bytes += chunk.length
    let from = 0
    for (let at = 0; at < chunk.length && !this.#isCut; at++) {
      if (inRun[chunk[at] ?? 0] === 1) {
        this.#run++
        if (this.#run === LONGEST_RUN) {
          this.#keep(chunk.subarray(from, at))
          if (!this.#isCut) this.#used -= LONGEST_RUN - 1
        }
        if (this.#run >= LONGEST_RUN) from = at + 1
      } else {
        this.#endRun()
      }
    }
    this.#keep(chunk.subarray(from))
  }

  /** Of what is not kept. */
  count(bytes: number): void {
    this.#bytes += bytes
  }

  /** Once, when nothing more comes: its memory is free again. */
  take(): CapturedBody {
    this.#endRun()
    const text = Buffer.from(this.#kept.buffer, 0, this.#used).toString('utf8')
    this.#budget.give(this.#kept.length)
    this.#kept = new Uint8Array(0)
    this.#used = 0
    return { bytes: this.#bytes, text, isCut: this.#isCut }
  }

  #endRun(): void {
    const run = this.#run
    this.#run = 0
    if (run >= LONGEST_RUN) this.#keep(Buffer.from(`[${run} characters of base64]`))
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#isCut) return
    this.#makeRoom(this.#used + bytes.length)
    const room = this.#kept.length - this.#used
    if (bytes.length > room) this.#isCut = true
    this.#kept.set(bytes.length > room ? bytes.subarray(0, room) : bytes, this.#used)
    this.#used += Math.min(bytes.length, room)
  }

  #makeRoom(wanted: number): void {
    const size = this.#kept.length
    if (wanted <= size || size === this.#maxBytes) return
    const larger = Math.min(this.#maxBytes, Math.max(SMALLEST, 2 * size, wanted))
    if (!this.#budget.take(larger - size)) return
    const kept = new Uint8Array(larger)
    kept.set(this.#kept.subarray(0, this.#used))
    this.#kept = kept
  }
}

/** Of base64 and base64url, also where JSON writes `\/` and line ends as `\n`. */
function encodedCharacters(): Uint8Array {
  const table = new Uint8Array(256)
  for (const byte of Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=\\'))
    table[byte] = 1
  return table
}
