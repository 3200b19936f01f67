import type { ExchangeView } from '../../admin/exchange-schemas.ts'
import type { RunningExchange, WatchedExchange } from '../../proxy/exchange-request.ts'
import { isToldOf } from './ended.ts'
import { runningView } from './views.ts'

/** What is told of at once: the oldest; the rest follows as these end. */
const MAX_RUNNING = 1000
/** Finding out a place in the queue takes the longer the further behind it is. */
const MAX_PLACES = 100

/** What was seen of a running exchange in the last round that looked at it. */
export interface RunningMark {
  readonly userId: string | null
  /** The first round that saw it, and the last that saw something new. */
  readonly beganIn: number
  readonly changedIn: number
  /** The exchange as JSON. */
  readonly text: string
}

/** Looks at everything that runs; what it saw is kept with each exchange, so that no table of them is needed. */
export function lookAt(exchanges: readonly RunningExchange[], round: number): readonly RunningMark[] {
  const now = performance.now()
  const places = { left: MAX_PLACES }
  return oldestOf(exchanges).map((exchange) => {
    const { trace } = exchange
    const mark = trace.watched instanceof Mark ? trace.watched : new Mark(exchange, round)
    trace.watched = mark
    mark.look(exchange, { round, now, position: placeOf(exchange, places) })
    return mark
  })
}

interface SeenExchange {
  readonly userId: string | null
  readonly view: ExchangeView
}

/** The same for whoever asks once. */
export function runningViews(exchanges: readonly RunningExchange[]): readonly SeenExchange[] {
  const now = performance.now()
  const places = { left: MAX_PLACES }
  return oldestOf(exchanges).map((each) => ({
    userId: each.trace.userId,
    view: runningView(each, placeOf(each, places), now),
  }))
}

function oldestOf(exchanges: readonly RunningExchange[]): WatchedExchange[] {
  return exchanges
    .flatMap(({ watched }) => (watched === undefined || !isToldOf({ kind: kindOf(watched) }) ? [] : [watched]))
    .toSorted((a, b) => a.trace.startedAt - b.trace.startedAt)
    .slice(0, MAX_RUNNING)
}

function kindOf({ trace }: WatchedExchange) {
  return trace.route?.kind ?? null
}

function placeOf(exchange: WatchedExchange, places: { left: number }): number | null {
  if (exchange.stage !== 'queued' || places.left === 0) return null
  places.left -= 1
  return exchange.position()
}

interface Look {
  readonly round: number
  readonly now: number
  readonly position: number | null
}

class Mark implements RunningMark {
  readonly userId: string | null
  readonly beganIn: number
  changedIn = 0
  text = ''
  #stage: WatchedExchange['stage'] | null = null
  #position: number | null = null
  #chunks = 0
  #attempts = 0
  #modelAsked: string | null = null

  constructor({ trace }: WatchedExchange, round: number) {
    this.userId = trace.userId
    this.beganIn = round
  }

  look(exchange: WatchedExchange, { round, now, position }: Look): void {
    const { trace, stage } = exchange
    if (!this.#isNew(exchange, position)) return
    this.#stage = stage
    this.#position = position
    this.#chunks = trace.chunks
    this.#attempts = trace.attempts
    this.#modelAsked = trace.modelAsked
    this.changedIn = round
    this.text = JSON.stringify(runningView(exchange, position, now))
  }

  #isNew({ trace, stage }: WatchedExchange, position: number | null): boolean {
    return (
      stage !== this.#stage ||
      trace.chunks !== this.#chunks ||
      position !== this.#position ||
      trace.attempts !== this.#attempts ||
      trace.modelAsked !== this.#modelAsked
    )
  }
}
