import { SendCredit } from './credit.ts'

/** A sender is told to stop, and to go on. */
const HIGH_BYTES = 128 * 1024
const LOW_BYTES = 32 * 1024

/** What one stream has to send, in its order: encoded frames, bytes, and encoded frames that wait for the bytes. */
export class SendLane {
  readonly id: number
  readonly credit = new SendCredit()
  readonly #before: Uint8Array[] = []
  #chunks: Uint8Array[] = []
  #after: Uint8Array[] = []
  /** Of the first chunk. */
  #sent = 0
  #queuedBytes = 0
  #controlBytes = 0
  #endWaits = false
  #hasEnded = false
  #wantsDrain = false
  /** Nothing more is given; it goes away when it is empty. */
  isClosing = false
  inRing = false
  inControl = false
  /** What is left of its turn. */
  quantum = 0
  /** In a row, with data and without credit of its own. */
  stuckTicks = 0

  constructor(id: number) {
    this.id = id
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  get controlBytes(): number {
    return this.#controlBytes
  }

  get hasData(): boolean {
    return this.#queuedBytes > 0 || this.#endWaits
  }

  get hasControl(): boolean {
    return this.#before.length > 0 || (!this.hasData && this.#after.length > 0)
  }

  get isEmpty(): boolean {
    return !this.hasData && !this.hasControl
  }

  /** Bytes that its own credit lets go. */
  get sendableBytes(): number {
    return Math.min(this.#queuedBytes, this.credit.available)
  }

  control(frame: Uint8Array): void {
    this.#controlBytes += frame.length
    if (this.hasData || this.#after.length > 0) this.#after.push(frame)
    else this.#before.push(frame)
  }

  /** False: enough waits. */
  data(bytes: Uint8Array, end: boolean): boolean {
    if (this.#hasEnded || this.#after.length > 0) return true
    if (bytes.length > 0) this.#chunks.push(bytes)
    this.#queuedBytes += bytes.length
    this.#endWaits = end
    this.#hasEnded = end
    this.#wantsDrain = this.#queuedBytes >= HIGH_BYTES
    return !this.#wantsDrain
  }

  /** The bytes, and what waits for them, are not sent any more. */
  dropData(): void {
    this.#chunks = []
    this.#sent = 0
    this.#queuedBytes = 0
    this.#endWaits = false
    this.#hasEnded = true
    this.#wantsDrain = false
    for (const frame of this.#after) this.#controlBytes -= frame.length
    this.#after = []
  }

  nextControl(): Uint8Array | undefined {
    if (this.#before.length > 0) return this.#before[0]
    return this.hasData ? undefined : this.#after[0]
  }

  controlSent(): void {
    const frame = this.#before.length > 0 ? this.#before.shift() : this.#after.shift()
    this.#controlBytes -= frame?.length ?? 0
  }

  /** Copies the next `count` bytes; spends nothing. */
  copyData(into: Uint8Array, at: number, count: number): void {
    let place = at
    const end = at + count
    while (place < end) {
      const chunk = this.#chunks[0]
      if (chunk === undefined) return
      const size = Math.min(chunk.length - this.#sent, end - place)
      if (size === chunk.length) into.set(chunk, place)
      else into.set(chunk.subarray(this.#sent, this.#sent + size), place)
      place += size
      this.#sent += size
      if (this.#sent === chunk.length) {
        this.#chunks.shift()
        this.#sent = 0
      }
    }
    this.#queuedBytes -= count
  }

  /** Whether the frame that takes the last byte says that it is the last. */
  takeEnd(): boolean {
    if (this.#queuedBytes > 0 || !this.#endWaits) return false
    this.#endWaits = false
    return true
  }

  /** True once, when there is room again after `data` said there is none. */
  takeDrained(): boolean {
    if (!this.#wantsDrain || this.#queuedBytes > LOW_BYTES) return false
    this.#wantsDrain = false
    return true
  }
}
