import { Buffer } from 'node:buffer'
import { GatewayError } from '../errors/gateway-error.ts'
import type { BodyBudget } from './body-budget.ts'
import type { BodyControl, BodyFailure, BodyReceiver, BodyStream } from './upstream.ts'

export interface CollectLimits {
  readonly maxBytes: number
  readonly budget: BodyBudget
}

export interface CollectedBody {
  collected(bytes: Uint8Array): void
  refused(error: GatewayError): void
}

const EMPTY = new Uint8Array(0)

/** Reads a whole body into one piece of memory; `release` gives its share of the budget back, once. */
export class BodyCollector implements BodyReceiver {
  readonly #limits: CollectLimits
  readonly #to: CollectedBody
  readonly #expected: number | undefined
  #whole: Buffer | undefined
  #chunks: Uint8Array[] = []
  #bytes = 0
  #control: BodyControl | undefined
  #over = false

  constructor(body: BodyStream, limits: CollectLimits, to: CollectedBody) {
    this.#limits = limits
    this.#to = to
    this.#expected = body.length
    if (this.#expected !== undefined && this.#expected > limits.maxBytes) {
      this.#over = true
      to.refused(tooLarge(limits.maxBytes))
      return
    }
    this.#control = body.start(this)
    if (this.#over) this.#control.stop()
  }

  get bytes(): number {
    return this.#bytes
  }

  data(chunk: Uint8Array): boolean {
    if (this.#over) return true
    if (this.#bytes + chunk.length > this.#limits.maxBytes) return this.#refuse(tooLarge(this.#limits.maxBytes))
    if (!this.#limits.budget.take(chunk.length))
      return this.#refuse(new GatewayError('body_budget', { retryAfterSeconds: 1 }))
    this.#keep(chunk)
    this.#bytes += chunk.length
    return true
  }

  end(): void {
    if (this.#over) return
    this.#over = true
    this.#to.collected(this.#joined())
  }

  fail(reason: BodyFailure = 'bad_body'): void {
    if (!this.#over) this.#refuse(new GatewayError(reason))
  }

  /** Stops reading; what was read is forgotten. */
  release(): void {
    if (!this.#over) {
      this.#over = true
      this.#control?.stop()
    }
    this.#limits.budget.give(this.#bytes)
    this.#bytes = 0
    this.#whole = undefined
    this.#chunks = []
  }

  /** A body of known length that comes in many chunks is copied into place as it comes, not in one go at its end. */
  #keep(chunk: Uint8Array): void {
    const expected = this.#expected
    if (expected === undefined || chunk.length === expected) {
      this.#chunks.push(chunk)
      return
    }
    this.#whole ??= Buffer.allocUnsafeSlow(expected)
    this.#whole.set(chunk, this.#bytes)
  }

  #joined(): Uint8Array {
    if (this.#whole !== undefined) return this.#whole.subarray(0, this.#bytes)
    if (this.#chunks.length < 2) return this.#chunks[0] ?? EMPTY
    return Buffer.concat(this.#chunks)
  }

  #refuse(error: GatewayError): boolean {
    this.#over = true
    this.#control?.stop()
    this.#to.refused(error)
    return true
  }
}

function tooLarge(maxBytes: number): GatewayError {
  return new GatewayError('body_too_large', { message: `The request body is larger than ${maxBytes} bytes` })
}
