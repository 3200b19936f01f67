import type { GatewayError } from '../errors/gateway-error.ts'
import type { Dialect } from '../dialects/dialect.ts'
import type {
  AnswerFacts,
  AttemptOutcome,
  Claim,
  QueuePlace,
  RouteReceiver,
  RouteRequest,
  RouteTicket,
  SharedWork,
} from '../proxy/router.ts'
import type { AbortReason, Attempt, ResponseSink, Upstream, UpstreamRequest } from '../proxy/upstream.ts'
import { Reading, type ReadingDesk } from './reading.ts'
import type { Recording } from './recording.ts'

/** What a seat asks of the flight that it is in. */
export interface SeatFlight {
  readonly recording: Recording
  /** Null: it has no place yet. */
  readonly claim: Claim | null
  place(): QueuePlace | undefined
  /** One who was given a place, or waits for one, does not want it any more. */
  left(seat: Seat, reason: AbortReason): void
  /** One has heard it to its end. */
  done(seat: Seat): void
  wantsMore(): void
  /** What the work took, where it is on the account of this seat. */
  chargedTo(seat: Seat): Pick<AnswerFacts, 'usage' | 'timings'> | null
}

export interface SeatTerms {
  readonly request: RouteRequest
  readonly outcome: 'miss' | 'coalesced'
}

/** What one exchange has of a flight: a ticket while it seeks a place, then the claim of one, and the upstream there. */
export class Seat implements RouteTicket, Claim, Upstream, SharedWork, ReadingDesk {
  readonly request: RouteRequest
  readonly cached: 'miss' | 'coalesced'
  readonly #flight: SeatFlight
  readonly #to: RouteReceiver
  /** What its exchange says of the attempt; of interest where nobody else is left. */
  outcome: AttemptOutcome = 'cancelled'
  reading: Reading | null = null
  /** It asks for itself by now. */
  #ownTicket: RouteTicket | null = null
  #isWaiting = true

  constructor(flight: SeatFlight, { request, outcome }: SeatTerms, to: RouteReceiver) {
    this.#flight = flight
    this.request = request
    this.cached = outcome
    this.#to = to
  }

  granted(): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.#to.granted(this)
  }

  refused(error: GatewayError): void {
    this.#isWaiting = false
    this.#to.refused(error)
  }

  askAgain(ask: (request: RouteRequest, to: RouteReceiver) => RouteTicket): void {
    this.#isWaiting = false
    this.#ownTicket = ask(this.request, this.#to)
  }

  cancel(): void {
    if (this.#ownTicket !== null) return this.#ownTicket.cancel()
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.#flight.left(this, 'client-gone')
  }

  place(): QueuePlace | undefined {
    if (this.#ownTicket !== null) return this.#ownTicket.place()
    return this.#isWaiting ? this.#flight.place() : undefined
  }

  get upstream(): Upstream {
    return this
  }

  get shared(): SharedWork {
    return this
  }

  get id(): string {
    return this.worker?.id ?? ''
  }

  get worker(): Upstream | null {
    return this.#flight.claim?.upstream ?? null
  }

  speaks(model: string): ReadonlySet<Dialect> {
    return this.worker?.speaks(model) ?? new Set()
  }

  /** What is sent is on its way already. */
  send(_request: UpstreamRequest, sink: ResponseSink): Attempt {
    const reading = new Reading(this.#flight.recording, sink, this)
    this.reading = reading
    reading.pumpSoon()
    return reading
  }

  get hasRoom(): boolean {
    return this.reading?.isPaused !== true
  }

  get behind(): number {
    return this.reading?.behind ?? 0
  }

  charged(): Pick<AnswerFacts, 'usage' | 'timings'> | null {
    return this.#flight.chargedTo(this)
  }

  /** The flight tells these itself, whoever is left to hear it. */
  began(): void {}

  answered(): void {}

  release(): void {}

  report(outcome: AttemptOutcome): void {
    this.outcome = outcome
  }

  isLost(): boolean {
    return this.#flight.claim?.isLost() ?? false
  }

  left(reason: AbortReason): void {
    this.#flight.left(this, reason)
  }

  wantsMore(): void {
    this.#flight.wantsMore()
  }

  done(): void {
    this.#flight.done(this)
  }
}
