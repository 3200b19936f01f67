import type { AnswerReader, AnswerWatch } from '../cache/answer-watch.ts'
import { createResponseCache, type ResponseCache } from '../cache/caching-router.ts'
import type { RecordedHead } from '../cache/recording.ts'
import type { CacheSettings } from '../cache/settings.ts'
import { dialects } from '../dialects/dialects.ts'
import type { Clock } from '../lib/clock.ts'
import type { RouteRequest } from '../proxy/router.ts'
import { UpstreamAnswer } from '../proxy/upstream-answer.ts'
import { outcomeOf, outcomeOfAnswer } from '../proxy/upstream-failure.ts'
import { agreedDigest, digestsOf } from '../routing/selection/agreed-digest.ts'
import type { RoutingCore } from '../routing/routing-core.ts'
import type { StartTimer } from '../routing/timer.ts'

export interface CacheParts {
  readonly core: Pick<RoutingCore, 'fleet' | 'router'>
  readonly clock: Clock
  readonly startTimer: StartTimer
}

export interface GatewayCache extends Pick<ResponseCache, 'before' | 'configure' | 'held'> {
  stop(): void
}

/** News come in flocks, and an agent that lost its link is back within seconds. */
const SWEEP_AFTER_MS = 5000

/** The cache, told what the fleet knows of models and how answers are read. */
export function createCache({ core, clock, startTimer }: CacheParts, settings: CacheSettings): GatewayCache {
  const digestOf = (request: RouteRequest): string | null => agreedDigest(request, core.router.snapshot())
  const cache = createResponseCache({ clock, digestOf, reader: answerReader }, settings)
  let cancelSweep: (() => void) | undefined
  const stopNews = core.fleet.onNews(() => {
    if (cache.isEmpty()) return
    cancelSweep ??= startTimer(SWEEP_AFTER_MS, () => {
      cancelSweep = undefined
      const known = digestsOf(core.router.snapshot())
      cache.dropUnless((digest) => known.has(digest))
    })
  })
  return {
    before: cache.before,
    configure: cache.configure,
    held: cache.held,
    stop() {
      stopNews()
      cancelSweep?.()
    },
  }
}

const answerReader: AnswerReader = {
  watch: (request, head) => new AnswerReading(request, head),
  outcomeOf,
}

const CLOSING_BRACE = 0x7d
/** Of a failure, enough to read what it says. */
const LONGEST_ERROR = 64 * 1024

/** Reads an answer as an exchange does, for one that nobody may have waited for to its end. */
class AnswerReading implements AnswerWatch {
  readonly #answer: UpstreamAnswer
  readonly #kind: RouteRequest['route']['kind']
  #last: Uint8Array | null = null
  readonly #failure: Uint8Array[] = []
  #failureBytes = 0

  constructor({ route, model, format = null }: RouteRequest, { status, headers }: RecordedHead) {
    this.#kind = route.kind
    this.#answer = new UpstreamAnswer({ upstream: '', model, status, headers }, { route, format, dialects })
  }

  pass(chunk: Uint8Array): void {
    this.#answer.pass(chunk)
    if (chunk.length === 0) return
    this.#last = chunk
    if (this.#answer.status < 500 || this.#failureBytes > LONGEST_ERROR) return
    this.#failure.push(chunk.slice())
    this.#failureBytes += chunk.length
  }

  ended(): boolean {
    this.#answer.rest()
    const meaning = this.#answer.meaning()
    return meaning === null ? this.#endsAsJson() : meaning === 'complete'
  }

  facts(): ReturnType<AnswerWatch['facts']> {
    return this.#answer.facts()
  }

  outcome(): ReturnType<AnswerWatch['outcome']> {
    const decoder = new TextDecoder()
    const text = this.#failure.map((chunk) => decoder.decode(chunk, { stream: true })).join('')
    return outcomeOfAnswer(this.#answer.status, this.#kind, dialects.errorMessage(text))
  }

  /** One that ends with its connection may have been cut, whatever its framing says. */
  #endsAsJson(): boolean {
    const last = this.#last
    if (last === null) return false
    let end = last.length - 1
    while (end > 0 && (last[end] ?? 0) <= 0x20) end -= 1
    return last[end] === CLOSING_BRACE
  }
}
