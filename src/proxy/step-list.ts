import type { TraceStep } from './exchange-record.ts'

/** The steps of an exchange, one after the other: each lasts until the next one begins. Times are monotonic. */
export class StepList {
  readonly #startedAt: number
  readonly #ended: TraceStep[] = []
  #current: { readonly upstream: string | null; readonly startMs: number } | null = null

  constructor(startedAt: number) {
    this.#startedAt = startedAt
  }

  /** `upstream` null: waiting for a place. */
  begin(upstream: string | null, at: number): void {
    this.end(at)
    this.#current = { upstream, startMs: at - this.#startedAt }
  }

  end(at: number): readonly TraceStep[] {
    if (this.#current !== null) this.#ended.push({ ...this.#current, endMs: at - this.#startedAt })
    this.#current = null
    return this.#ended
  }
}
