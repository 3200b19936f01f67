import type { Clock } from '../../lib/clock.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { isReached, parseBatch } from './batch.ts'
import { closeCodes } from './codes.ts'
import { readFrames } from './decode-frame.ts'
import { encodeLinkFrame } from './encode-frame.ts'
import { BATCH_HEADER_BYTES } from './frame-layout.ts'
import type { LinkFrame, StreamFrame } from './frame.ts'
import type { Windows } from './greeting.ts'
import { createHeartbeat, type Heartbeat } from './heartbeat.ts'
import { Outbox } from './outbox.ts'
import { createRateLimit } from './rate-limit.ts'
import { createRoundTrip } from './round-trip.ts'
import { StreamTable } from './stream-table.ts'
import type { Transport, TransportKind } from './transport.ts'

/**
 * One connection between gateway and agent: numbered batches of frames over a transport, credits per stream and for the
 * whole, control before data, data in turns, liveness. Knows nothing of HTTP or of who is who.
 */
export interface Link {
  readonly kind: TransportKind
  /** Sends a frame of the link, before any data that waits. */
  send(frame: LinkFrame): void
  /** Opens a stream of ours (odd for the gateway, even for the agent), or takes the other side's into account. */
  stream(id: number, receiver: StreamReceiver): LinkStream
  /** What the other side grants, said in its greeting: to be called before the first stream. */
  grant(windows: Windows): void
  /** Last measured, in milliseconds; null before the first measurement. */
  readonly roundTripMs: number | null
  /** Nothing was heard for so long; for whoever shall not send new work there. */
  silentMs(): number
  /** The gateway says how often the agent shall be heard. */
  setHeartbeat(heartbeatMs: number): void
  /** Frames of the link that wait leave first. `closed` follows soon, even if the transport takes its time. */
  close(code: number, reason: string): void
}

export interface LinkStream {
  readonly id: number
  /** Sends a frame of this stream, in order with its data; a reset drops what has not left. `data` frames go by `data` below. */
  send(frame: Exclude<StreamFrame, { type: 'data' }>): void
  /** Sends bytes as credit allows; false: enough waits, until `drained`. The bytes must not change afterwards. */
  data(bytes: Uint8Array, end: boolean): boolean
  /** The consumer has taken that many of the received bytes: their credit goes back to the sender. */
  taken(bytes: number): void
  /** A reset that waits for the data before it: what came of an answer that broke off is its reader's. */
  breakOff(reset: Extract<StreamFrame, { type: 'reset' }>): void
  /** Forgets it: unsent data is dropped, credit of untaken bytes goes back to the connection, later frames are ignored. */
  release(): void
  /** Like `release`, once everything that was given to it has left. */
  finish(): void
}

export interface StreamReceiver {
  frame(frame: StreamFrame): void
  /** There is room for data again. */
  drained(): void
}

export interface LinkEvents {
  /** A frame of the link; pings, pongs and acks are dealt with below. */
  frame(frame: LinkFrame): void
  /**
   * A `request` frame on a stream nobody knows: the other side opens one. Only the agent gets these, and calls
   * `link.stream(id)` before it returns, or the stream is refused.
   */
  opened(id: number, frame: Extract<StreamFrame, { type: 'request' }>): void
  /** Once: the transport has ended, by either side. No stream hears anything after it. */
  closed(code: number, reason: string): void
}

export interface LinkDeps {
  readonly clock: Clock
  /** Calls `run` once after `delayMs`, unless the returned function is called first. */
  startTimer(delayMs: number, run: () => void): () => void
  /** Runs soon, after what is going on now: frames of one turn leave in one batch. */
  defer(run: () => void): void
  /** A receiver threw: a mistake in this process, which has cost its stream. */
  failed?(error: unknown): void
}

export interface LinkOptions {
  readonly role: 'gateway' | 'agent'
  /** What we grant the other side. */
  readonly windows: Windows
  readonly heartbeatMs: number
}

export function createLink(transport: Transport, options: LinkOptions, deps: LinkDeps & LinkEvents): Link {
  return new Connection(transport, options, deps)
}

/** Silence that ends a link, in heartbeats; the agent notices first, for it is the one that can connect again. */
const patience = { agent: 2.7, gateway: 4 } as const
const MAX_PINGS_PER_SECOND = 100

interface Ending {
  readonly code: number
  readonly reason: string
}

class Connection implements Link {
  readonly kind: TransportKind
  readonly #transport: Transport
  readonly #options: LinkOptions
  readonly #deps: LinkDeps & LinkEvents
  readonly #outbox: Outbox
  readonly #streams: StreamTable
  readonly #received = new Acknowledgement()
  readonly #heartbeat: Heartbeat
  readonly #roundTrip
  readonly #mayPing
  /** Of the batch that is being read: its sender would have to send it again if it were lost. */
  #matters = false
  #ending: Ending | null = null
  #isOver = false

  constructor(transport: Transport, options: LinkOptions, deps: LinkDeps & LinkEvents) {
    const { clock, startTimer, defer } = deps
    this.kind = transport.kind
    this.#transport = transport
    this.#options = options
    this.#deps = deps
    this.#roundTrip = createRoundTrip(clock)
    this.#mayPing = createRateLimit(clock, MAX_PINGS_PER_SECOND)
    this.#outbox = new Outbox({
      transport,
      received: this.#received,
      startTimer,
      defer,
      drained: (id) => this.#streams.drained(id),
      stalled: (id) => this.#streams.stalled(id),
    })
    this.#streams = new StreamTable({
      role: options.role,
      windows: options.windows,
      outbox: this.#outbox,
      clock,
      roundTripMs: () => this.roundTripMs,
      defer,
      opened: (id, frame) => this.#guarded(() => deps.opened(id, frame)),
      failed: (error) => deps.failed?.(error),
    })
    const beat = (): void => this.#beat()
    const silent = (): void => this.close(closeCodes.TIMEOUT, 'nothing was heard for too long')
    const { heartbeatMs, role } = options
    this.#heartbeat = createHeartbeat({ clock, startTimer, beat, silent }, { heartbeatMs, patience: patience[role] })
    transport.listen({
      batch: (bytes) => this.#batch(bytes),
      text: (text) => this.#text(text),
      drained: () => this.#outbox.pump(),
      closed: (code, reason) => this.#closed({ code, reason }),
    })
  }

  get roundTripMs(): number | null {
    return this.#roundTrip.ms()
  }

  send(frame: LinkFrame): void {
    if (this.#ending !== null) return
    const encoded = encodeLinkFrame(frame)
    if (!encoded.ok) return this.close(closeCodes.PROTOCOL, encoded.reason)
    this.#outbox.queue.link(encoded.bytes)
    this.#outbox.changed()
  }

  stream(id: number, receiver: StreamReceiver): LinkStream {
    return this.#streams.open(id, receiver)
  }

  grant(windows: Windows): void {
    if (this.#streams.grant(windows)) this.#ping()
  }

  silentMs(): number {
    return this.#heartbeat.silentMs()
  }

  setHeartbeat(heartbeatMs: number): void {
    if (this.#ending === null) this.#heartbeat.set(heartbeatMs)
  }

  close(code: number, reason: string): void {
    if (this.#ending !== null) return
    this.#ending = { code, reason }
    this.#outbox.pump()
    this.#end(this.#ending)
    this.#transport.close(code, reason)
    // The transport may wait for an answer that never comes.
    this.#deps.defer(() => this.#closed({ code, reason }))
  }

  #end(ending: Ending): void {
    this.#ending = ending
    this.#heartbeat.stop()
    this.#outbox.end()
    this.#streams.clear()
  }

  #closed(ending: Ending): void {
    if (this.#isOver) return
    this.#isOver = true
    const { code, reason } = this.#ending ?? ending
    this.#end({ code, reason })
    this.#deps.closed(code, reason)
  }

  #beat(): void {
    if (this.#options.role === 'agent') this.#transport.sendText('ping')
    // Before the greeting nothing but the greeting is said.
    if (this.#streams.isGranted) this.#ping()
  }

  #ping(): void {
    this.send({ type: 'ping', opaque: this.#roundTrip.begin() })
  }

  #text(text: string): void {
    if (this.#ending !== null) return
    this.#heartbeat.heard()
    if (text !== 'ping' && text !== 'pong') return this.#wrong('a text that is no heartbeat')
    if (!this.#mayPing()) return this.#wrong('too many pings')
    if (text === 'ping') this.#transport.sendText('pong')
  }

  #batch(bytes: Uint8Array): void {
    if (this.#ending !== null) return
    this.#heartbeat.heard()
    const batch = parseBatch(bytes)
    if (!batch.ok) return this.#wrong(batch.reason)
    if (!this.#received.arrived(batch.seq)) return this.#wrong('a batch is missing or came twice')
    this.#matters = false
    const problem = readFrames(bytes, BATCH_HEADER_BYTES, this.#reader)
    if (problem !== undefined) return this.#wrong(problem)
    if (!this.#matters) return
    this.#received.owed(bytes.length)
    this.#outbox.acknowledgeSoon()
  }

  readonly #reader = {
    link: (frame: LinkFrame): void => {
      if (this.#ending === null) this.#linkFrame(frame)
    },
    stream: (id: number, frame: StreamFrame): void => {
      if (this.#ending === null) this.#ofStream(this.#streams.receive(id, frame))
    },
    credit: (id: number, bytes: number): void => {
      if (this.#ending === null) this.#ofStream(this.#streams.credit(id, bytes))
    },
  }

  #linkFrame(frame: LinkFrame): void {
    switch (frame.type) {
      case 'ping':
        return this.#mayPing() ? this.send({ type: 'pong', opaque: frame.opaque }) : this.#wrong('too many pings')
      case 'pong':
        return this.#roundTrip.answered(frame.opaque)
      case 'ack':
        return isReached(frame.seq, this.#outbox.lastSeq) ? undefined : this.#wrong('an ACK of what was not sent')
      default:
        this.#matters = true
        this.#guarded(() => this.#deps.frame(frame))
    }
  }

  #ofStream(problem: string | undefined): void {
    this.#matters = true
    if (problem !== undefined) this.#wrong(problem)
  }

  /** A mistake of whoever listens costs what it was about, not the link. */
  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#deps.failed?.(error)
    }
  }

  #wrong(reason: string): void {
    this.close(closeCodes.PROTOCOL, reason)
  }
}
