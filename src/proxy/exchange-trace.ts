import type { TokenUsage } from '../dialects/token-usage.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import type { ExchangeEnding, ExchangeRecord } from './exchange-record.ts'

/** What is noted about one exchange while it runs; becomes its record when it is over. Times are monotonic. */
export class ExchangeTrace {
  readonly id: string
  readonly method: string
  /** Without query, and with a path key redacted. */
  path = ''
  user: string | null = null
  keyId: string | null = null
  model: string | null = null
  upstream: string | null = null
  bytesIn = 0
  bytesOut = 0
  usage: TokenUsage | null = null
  /** Milliseconds since the epoch. */
  readonly arrivedAt = Date.now()
  /** On the monotonic clock, milliseconds. */
  readonly startedAt = performance.now()
  #grantedAt: number | null = null
  #firstByteAt: number | null = null

  constructor(id: string, method: string) {
    this.id = id
    this.method = method
  }

  granted(upstream: string): void {
    this.upstream = upstream
    this.#grantedAt ??= performance.now()
  }

  sent(bytes: number): void {
    this.#firstByteAt ??= performance.now()
    this.bytesOut += bytes
  }

  /** What only keeps the client waiting is no part of the answer. */
  commented(bytes: number): void {
    this.bytesOut += bytes
  }

  record(status: number, ending: ExchangeEnding, error: ErrorCode | null): ExchangeRecord {
    const endedAt = performance.now()
    return {
      id: this.id,
      time: this.arrivedAt,
      user: this.user,
      keyId: this.keyId,
      method: this.method,
      path: this.path,
      model: this.model,
      upstream: this.upstream,
      status,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      queueMs: this.#grantedAt === null ? 0 : this.#grantedAt - this.startedAt,
      ttftMs: this.#firstByteAt === null ? null : this.#firstByteAt - this.startedAt,
      totalMs: endedAt - this.startedAt,
      promptTokens: this.usage?.promptTokens ?? null,
      completionTokens: this.usage?.completionTokens ?? null,
      ending,
      error,
    }
  }
}
