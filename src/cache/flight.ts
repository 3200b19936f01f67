import type { GatewayError } from '../errors/gateway-error.ts'
import type { RawHeaders } from '../lib/raw-headers.ts'
import type {
  AnswerFacts,
  Claim,
  QueuePlace,
  RouteReceiver,
  RouteRequest,
  Router,
  RouteTicket,
} from '../proxy/router.ts'
import type { AbortReason, Attempt, ResponseSink, UpstreamError } from '../proxy/upstream.ts'
import type { AnswerReader, AnswerWatch } from './answer-watch.ts'
import type { AnswerStore } from './answer-store.ts'
import type { Indexed } from './flight-index.ts'
import { Recording } from './recording.ts'
import { Seat, type SeatFlight } from './seat.ts'

/*
 * One request at an upstream, for all who ask the same while it runs. Its attempt belongs to the flight and to no
 * exchange: the flight holds the claim, reports what became of it and releases it when the upstream is done. Each
 * exchange, the first one too, has a seat, which is a claim and an upstream to it and reads the recording at its own
 * pace. Who leaves gives up its seat; the attempt is aborted, or the place in the queue given up, when the last one
 * does. What the work took is on one account: the first seat's, and when that leaves before the upstream has ended,
 * the next one's. The upstream waits only when nobody who reads has room. Where the answer is too large to be kept,
 * nobody else joins, what all have read is forgotten, and who falls far behind is cut off rather than waited for.
 */

export interface FlightDesk {
  readonly store: Pick<AnswerStore, 'keep' | 'reserve' | 'giveBack' | 'maxEntryBytes'>
  readonly reader: AnswerReader
  /** The digest is still that of the model. */
  isCurrent(flight: Flight): boolean
  /** Nobody else may join. */
  closed(flight: Flight): void
  /** It was refused to the one who asked for it: the others ask for themselves. */
  askAgain(request: RouteRequest, to: RouteReceiver): RouteTicket
}

export interface FlightTerms {
  readonly key: string
  readonly digest: string
}

export class Flight implements Indexed, SeatFlight, RouteReceiver, ResponseSink {
  readonly key: string
  readonly digest: string
  next: Indexed | null = null
  readonly recording = new Recording()
  readonly request: RouteRequest
  readonly #desk: FlightDesk
  #state: 'seeking' | 'running' | 'over' = 'seeking'
  #seats: Seat[] = []
  /** Whose place was asked for. */
  #asker: Seat | null = null
  /** On whose account it goes. */
  #payer: Seat | null = null
  #ticket: RouteTicket | undefined
  #claim: Claim | null = null
  #attempt: Attempt | null = null
  #watch: AnswerWatch | null = null
  #hasBegun = false
  #isReported = false
  /** It is too large, or there is no memory for it: it passes, and is not kept. */
  #isLetGo = false
  #reserved = 0

  constructor({ key, digest }: FlightTerms, request: RouteRequest, desk: FlightDesk) {
    this.key = key
    this.digest = digest
    this.request = request
    this.#desk = desk
  }

  /** Whether it has a place already. */
  get claim(): Claim | null {
    return this.#claim
  }

  /** Whether who joins now gets the whole answer, and one worth having. */
  get isOpen(): boolean {
    const { head, ending } = this.recording
    return this.#state !== 'over' && ending === null && !this.#isLetGo && (head === null || head.status === 200)
  }

  /** The first seat, and the search for a place. */
  start(inner: Router, to: RouteReceiver): Seat {
    const first = new Seat(this, { request: this.request, outcome: 'miss' }, to)
    this.#asker = first
    this.#payer = first
    this.#seats.push(first)
    const ticket = inner.request(this.request, this)
    if (this.#state === 'seeking') this.#ticket = ticket
    return first
  }

  join(request: RouteRequest, to: RouteReceiver): Seat {
    const seat = new Seat(this, { request, outcome: 'coalesced' }, to)
    this.#seats.push(seat)
    if (this.#state === 'running') seat.granted()
    return seat
  }

  place(): QueuePlace | undefined {
    return this.#ticket?.place()
  }

  granted(claim: Claim): void {
    // Whoever asked first may have left; the body of one who is there is held for as long.
    const asking = this.#seats[0]?.request.asking
    this.#claim = claim
    this.#ticket = undefined
    if (asking === undefined) return this.released()
    this.#state = 'running'
    this.#attempt = claim.upstream.send(asking, this)
    for (const seat of [...this.#seats]) seat.granted()
  }

  refused(error: GatewayError): void {
    this.#close()
    this.#state = 'over'
    const seats = this.#seats
    this.#seats = []
    for (const seat of seats) {
      // Why it was refused may be about who asked: its key's place in the queue, or how long it has waited.
      if (seat === this.#asker) seat.refused(error)
      else seat.askAgain((...asked) => this.#desk.askAgain(...asked))
    }
  }

  accepted(): void {
    this.recording.accepted = true
    this.#pumpAll()
  }

  info(status: number, headers: RawHeaders): void {
    for (const seat of [...this.#seats]) seat.reading?.info(status, headers)
  }

  head(status: number, headers: RawHeaders): void {
    this.recording.head = { status, headers: [...headers] }
    this.#watch = this.#desk.reader.watch(this.request, this.recording.head)
    if (status !== 200) this.#close()
    this.#pumpAll()
  }

  data(chunk: Uint8Array): boolean {
    this.#began()
    this.#watch?.pass(chunk)
    this.recording.append(chunk)
    this.#holdMemory()
    this.#pumpAll()
    if (this.#isLetGo) this.#forgetRead()
    return this.#seats.some((seat) => seat.hasRoom)
  }

  end(trailers?: RawHeaders): void {
    this.recording.ending = { kind: 'ended', trailers }
    const isWhole = this.#watch?.ended() === true
    if (this.#watch !== null) {
      this.#claim?.answered(this.#watch.facts())
      this.#report(this.#watch.outcome())
    }
    this.#close()
    if (isWhole && !this.#isLetGo && this.recording.head?.status === 200) this.#keep()
    this.#pumpAll()
  }

  fail(error: UpstreamError): void {
    this.recording.ending = { kind: 'failed', error }
    this.#report(this.#desk.reader.outcomeOf(error))
    this.#close()
    this.#pumpAll()
  }

  released(): void {
    this.#state = 'over'
    this.#report('cancelled')
    this.#claim?.release()
  }

  left(seat: Seat, reason: AbortReason): void {
    this.#remove(seat)
    // An upstream that one has waited for in vain shall not be waited for by ever new ones.
    if (reason === 'timed-out') this.#close()
    if (this.#seats.length > 0 || this.recording.ending !== null || this.#state === 'over') return
    this.#close()
    if (this.#state === 'seeking') {
      this.#state = 'over'
      this.#ticket?.cancel()
      return
    }
    this.#report(seat.outcome)
    this.#attempt?.abort(reason)
  }

  done(seat: Seat): void {
    this.#remove(seat)
  }

  wantsMore(): void {
    this.#attempt?.resume()
  }

  chargedTo(seat: Seat): Pick<AnswerFacts, 'usage' | 'timings'> | null {
    if (seat !== this.#payer) return null
    const isOthers = this.recording.ending === null && this.#seats.some((each) => each !== seat)
    return isOthers ? null : (this.#watch?.facts() ?? null)
  }

  #began(): void {
    if (this.#hasBegun || (this.recording.head?.status ?? 500) >= 300) return
    this.#hasBegun = true
    this.#claim?.began()
  }

  /** The first word counts. */
  #report(outcome: Parameters<Claim['report']>[0]): void {
    if (this.#isReported) return
    this.#isReported = true
    this.#claim?.report(outcome)
  }

  #pumpAll(): void {
    const seats = this.#seats
    const only = seats.length === 1 ? seats[0] : undefined
    if (only !== undefined) only.reading?.pump()
    else for (const seat of [...seats]) seat.reading?.pump()
  }

  #remove(seat: Seat): void {
    const at = this.#seats.indexOf(seat)
    if (at >= 0) this.#seats.splice(at, 1)
    if (seat === this.#payer && this.recording.ending === null) this.#payer = this.#seats[0] ?? seat
  }

  #holdMemory(): void {
    if (this.#isLetGo) return
    const { allocated } = this.recording
    const more = allocated - this.#reserved
    if (more === 0) return
    if (allocated <= this.#desk.store.maxEntryBytes && this.#desk.store.reserve(more)) {
      this.#reserved = allocated
      return
    }
    this.#isLetGo = true
    this.#close()
  }

  #forgetRead(): void {
    const { maxEntryBytes } = this.#desk.store
    const isAlone = this.#seats.length === 1
    for (const seat of [...this.#seats]) if (!isAlone && seat.behind > maxEntryBytes) seat.reading?.cut()
    this.recording.forgetBefore(Math.min(...this.#seats.map((seat) => seat.reading?.block ?? 0)))
  }

  #keep(): void {
    if (!this.#desk.isCurrent(this)) return
    const { recording, key, digest } = this
    recording.trim()
    this.#desk.store.keep(key, { recording, digest, upstream: this.#claim?.upstream.id ?? '' })
  }

  /** Nobody joins any more, and what it reserved is kept memory now, or soon nobody's. */
  #close(): void {
    this.#desk.closed(this)
    this.#desk.store.giveBack(this.#reserved)
    this.#reserved = 0
  }
}
