import { policy } from './policy.ts'

/** How much a model is asked for, by anybody. */
export class ModelDemand {
  readonly model: string
  /** Works that wait for it. */
  queued = 0
  /** Upstreams that hold it, or are loading it. */
  heldBy = 0
  /** Mean length of what it is given to read, in tokens. */
  promptTokens = 0
  /** When the oldest that waits for it arrived; asked anew by `reconsider`. */
  oldest = Number.POSITIVE_INFINITY
  #perMs = 0
  #asOf = 0
  readonly #wanted = { chance: 0, at: Number.NEGATIVE_INFINITY }

  constructor(model: string) {
    this.model = model
  }

  asked(promptTokens: number, now: number): void {
    const isFirst = this.#perMs === 0
    this.#perMs = this.perMs(now) + 1 / policy.demandMs
    this.#asOf = now
    this.promptTokens += (promptTokens - this.promptTokens) * (isFirst ? 1 : PROMPT_SHARE)
  }

  /** When the longest waiting of its works arrived; the end of time where none waits. */
  oldestAt(): number {
    return this.queued === 0 ? Number.POSITIVE_INFINITY : this.oldest
  }

  /** Arrivals per millisecond, of late. */
  perMs(now: number): number {
    // Many come within one millisecond, and of most models none.
    if (this.#perMs === 0 || now === this.#asOf) return this.#perMs
    return this.#perMs * Math.exp((this.#asOf - now) / policy.demandMs)
  }

  /** How likely it is missed soon after it was evicted. */
  wantedAgain(now: number): number {
    if (this.queued > 0) return 1
    if (Math.abs(now - this.#wanted.at) >= policy.freshMs) {
      this.#wanted.at = now
      this.#wanted.chance = 1 - Math.exp(-this.perMs(now) * policy.wantedAgainMs)
    }
    return this.#wanted.chance
  }
}

/** What one more prompt says of the mean. */
const PROMPT_SHARE = 0.05
