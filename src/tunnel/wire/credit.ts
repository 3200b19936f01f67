import { MAX_CREDIT_BYTES } from './frame-layout.ts'

/** What the other side lets us send: of DATA, in bytes, for a stream or for the whole connection. */
export class SendCredit {
  #available = 0
  #outstanding = 0

  get available(): number {
    return this.#available
  }

  /** Sent, and not known to be taken. Where a window grew it tells less than there is. */
  get outstanding(): number {
    return this.#outstanding
  }

  /** False: more than anybody may grant. */
  grant(bytes: number): boolean {
    if (this.#available + bytes > MAX_CREDIT_BYTES) return false
    this.#available += bytes
    return true
  }

  /** Part of what was sent has been taken. */
  giveBack(bytes: number): boolean {
    this.#outstanding = Math.max(0, this.#outstanding - bytes)
    return this.grant(bytes)
  }

  spend(bytes: number): void {
    this.#available -= bytes
    this.#outstanding += bytes
  }
}

export const MAX_STREAM_WINDOW_BYTES = 4 * 1024 * 1024
/** A stream bound by its window uses it once per round trip; the rest is for round trips measured too short. */
const ROUND_TRIPS = 4

/**
 * What we let the other side send. Each byte of the window is either open to the sender, with the consumer, or due to be
 * opened again; the three always add up to the size.
 */
export class ReceiveWindow {
  #size: number
  #open: number
  #untaken = 0
  #due = 0
  /** Of the measurement that goes on: since when, and how much was used. */
  #since: number | null = null
  #used = 0

  constructor(size: number) {
    this.#size = size
    this.#open = size
  }

  get size(): number {
    return this.#size
  }

  get open(): number {
    return this.#open
  }

  get untaken(): number {
    return this.#untaken
  }

  /** False: more than was granted. */
  receive(bytes: number): boolean {
    if (bytes > this.#open) return false
    this.#open -= bytes
    this.#untaken += bytes
    return true
  }

  /** The credit to give back now; small amounts are collected until they are a quarter of the window. */
  taken(bytes: number): number {
    const count = Math.min(bytes, this.#untaken)
    this.#untaken -= count
    this.#due += count
    if (this.#due * 4 < this.#size) return 0
    const credit = this.#due
    this.#due = 0
    this.#open += credit
    return credit
  }

  /**
   * How much more to grant, after credit was given back: the window doubles if it was used twice within a few round
   * trips.
   */
  growth(credit: number, at: { readonly now: number; readonly roundTripMs: number; readonly maxSize: number }): number {
    this.#since ??= at.now
    this.#used += credit
    if (this.#used < 2 * this.#size) return 0
    const isFast = at.now - this.#since <= ROUND_TRIPS * at.roundTripMs
    this.#since = at.now
    this.#used = 0
    if (!isFast) return 0
    const more = Math.min(this.#size, at.maxSize - this.#size)
    if (more <= 0) return 0
    this.#size += more
    this.#open += more
    return more
  }
}
