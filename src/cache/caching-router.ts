import type { Clock } from '../lib/clock.ts'
import type { RouteRequest, Router, RouteReceiver, RouteTicket } from '../proxy/router.ts'
import { type HeldAnswers, type AnswerStore, createAnswerStore } from './answer-store.ts'
import type { AnswerReader } from './answer-watch.ts'
import { cacheKey } from './cache-key.ts'
import { Flight, type FlightDesk } from './flight.ts'
import { FlightIndex } from './flight-index.ts'
import { Hit } from './hit.ts'
import type { CacheSettings } from './settings.ts'

export interface CacheDeps {
  readonly clock: Clock
  readonly reader: AnswerReader
  /** Of the model that is asked for, where all who might answer have the same; null: they differ, or nobody says. */
  digestOf(request: RouteRequest): string | null
}

/** Answers that need not be asked for again. Outlives a reload. */
export interface ResponseCache {
  /** A router that asks `inner` only for what it cannot answer; with `mode: off` it is `inner`. */
  before(inner: Router, terms: Pick<CacheSettings, 'mode' | 'share'>): Router
  configure(settings: CacheSettings): void
  isEmpty(): boolean
  held(): HeldAnswers
  /** Drops what came from a model that nobody has any more. */
  dropUnless(isKnown: (digest: string) => boolean): void
}

const ANSWERED: RouteTicket = { cancel() {}, place: () => undefined }

export function createResponseCache(deps: CacheDeps, initial: CacheSettings): ResponseCache {
  const store = createAnswerStore(deps.clock, initial)
  const flights = new FlightIndex<Flight>()
  const shared = { ...deps, store, flights }
  return {
    before: (inner, terms) => (terms.mode === 'off' ? inner : createCachingRouter(inner, { ...shared, terms })),
    configure(settings) {
      store.configure(settings)
      if (settings.mode === 'off') store.clear()
    },
    isEmpty: store.isEmpty,
    held: store.held,
    dropUnless: store.dropUnless,
  }
}

interface RouterDeps extends CacheDeps {
  readonly store: AnswerStore
  readonly flights: FlightIndex<Flight>
  readonly terms: Pick<CacheSettings, 'mode' | 'share'>
}

function createCachingRouter(inner: Router, deps: RouterDeps): Router {
  const { store, flights, terms } = deps
  const desk: FlightDesk = {
    store,
    reader: deps.reader,
    isCurrent: (flight) => deps.digestOf(flight.request) === flight.digest,
    closed: (flight) => flights.remove(flight),
    askAgain: (...asked) => request(...asked),
  }

  function request(asked: RouteRequest, to: RouteReceiver): RouteTicket {
    const digest = mayBeKept(asked) ? deps.digestOf(asked) : null
    const key = digest === null ? undefined : cacheKey(asked, digest, terms)
    if (digest === null || key === undefined) return inner.request(asked, to)
    return asked.cacheWish === 'fresh' ? fly({ key, digest }, asked, to) : answer({ key, digest }, asked, to)
  }

  function answer(terms: { key: string; digest: string }, asked: RouteRequest, to: RouteReceiver): RouteTicket {
    const kept = store.get(terms.key)
    if (kept !== undefined) {
      to.granted(new Hit(kept.recording, { upstream: kept.upstream, dialect: asked.route.dialect }))
      return ANSWERED
    }
    const flight = flights.get(terms.key)
    return flight !== undefined && mayJoin(flight, asked) ? flight.join(asked, to) : fly(terms, asked, to)
  }

  function fly(terms: { key: string; digest: string }, asked: RouteRequest, to: RouteReceiver): RouteTicket {
    const flight = new Flight(terms, asked, desk)
    flights.add(flight)
    return flight.start(inner, to)
  }

  return { request }
}

function mayBeKept({ route, model, cacheWish }: RouteRequest): boolean {
  return route.kind === 'generate' && model !== null && cacheWish !== 'none'
}

/** Not where it has failed this exchange before, nor in the queue behind somebody who may have to let it go first. */
function mayJoin(flight: Flight, { tried, principal }: RouteRequest): boolean {
  if (!flight.isOpen) return false
  if (flight.claim !== null) return !tried.has(flight.claim.upstream.id)
  return flight.request.principal.queue?.class !== 'batch' || principal.queue?.class === 'batch'
}
