import type { AnswerTimings, TokenUsage } from '../dialects/token-usage.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import type { TraceContext } from '../lib/trace-context.ts'
import { type CacheOutcome, type ExchangeEnding, type ExchangeRecord, isReplayed } from './exchange-record.ts'
import type { Route } from './route.ts'
import { StepList } from './step-list.ts'

/** What is noted about one exchange while it runs; becomes its record when it is over. Times are monotonic. */
export class ExchangeTrace {
  readonly id: string
  readonly method: string
  /** Without query, and with a path key redacted. */
  path = ''
  user: string | null = null
  userId: string | null = null
  keyId: string | null = null
  keyName: string | null = null
  route: Route | null = null
  modelAsked: string | null = null
  model: string | null = null
  upstream: string | null = null
  attempts = 0
  cache: CacheOutcome | null = null
  bytesIn = 0
  bytesOut = 0
  /** Of the answer, as they were passed on. */
  chunks = 0
  usage: TokenUsage | null = null
  timings: AnswerTimings | null = null
  context: TraceContext | null = null
  /** What those who watch have made of it; null: nobody watches. */
  watched: object | null = null
  #steps: StepList | null = null
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

  /** From now on each step is noted. */
  follow(): void {
    this.#steps = new StepList(this.startedAt)
  }

  /** Waits for a place. */
  seeks(): void {
    this.#steps?.begin(null, performance.now())
  }

  granted(upstream: string, cache: CacheOutcome | null = null): void {
    this.upstream = upstream
    this.cache = cache
    if (!isReplayed(cache)) this.attempts += 1
    const now = performance.now()
    this.#grantedAt ??= now
    this.#steps?.begin(upstream, now)
  }

  sent(bytes: number): void {
    this.#firstByteAt ??= performance.now()
    this.bytesOut += bytes
    this.chunks += 1
  }

  /** What only keeps the client waiting is no part of the answer. */
  commented(bytes: number): void {
    this.bytesOut += bytes
  }

  /** From arrival until an upstream was granted; null: none was yet. */
  get queueMs(): number | null {
    return this.#grantedAt === null ? null : this.#grantedAt - this.startedAt
  }

  /** From arrival until the first body byte of the answer; null: there was none yet. */
  get firstByteMs(): number | null {
    return this.#firstByteAt === null ? null : this.#firstByteAt - this.startedAt
  }

  record(status: number, ending: ExchangeEnding, error: ErrorCode | null): ExchangeRecord {
    const endedAt = performance.now()
    return {
      id: this.id,
      time: this.arrivedAt,
      user: this.user,
      userId: this.userId,
      keyId: this.keyId,
      keyName: this.keyName,
      method: this.method,
      path: this.path,
      route: this.route?.pattern ?? null,
      kind: this.route?.kind ?? null,
      dialect: this.route?.dialect ?? null,
      modelAsked: this.modelAsked,
      model: this.model,
      // Of a hit it is only known who gave it once.
      upstream: this.cache === 'hit' ? null : this.upstream,
      attempts: this.attempts,
      status,
      bytesIn: this.bytesIn,
      bytesOut: this.bytesOut,
      chunks: this.chunks,
      queueMs: this.queueMs ?? 0,
      ttftMs: this.firstByteMs,
      totalMs: endedAt - this.startedAt,
      loadMs: this.timings?.loadMs ?? null,
      promptTokens: this.usage?.promptTokens ?? null,
      completionTokens: this.usage?.completionTokens ?? null,
      cachedTokens: this.usage?.cachedTokens ?? null,
      cache: this.cache,
      ending,
      error,
      trace: this.context,
      steps: this.#steps?.end(endedAt) ?? null,
    }
  }
}
