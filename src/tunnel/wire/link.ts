import type { Clock } from '../../lib/clock.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { isReached, parseBatch } from './batch.ts'
import { closeCodes } from './codes.ts'
import { MAX_STREAM_WINDOW_BYTES, ReceiveWindow } from './credit.ts'
import { readFrames } from './decode-frame.ts'
import { encodeCredit, encodeLinkFrame, encodeStreamFrame } from './encode-frame.ts'
import { BATCH_HEADER_BYTES } from './frame-layout.ts'
import type { LinkFrame, StreamFrame } from './frame.ts'
import type { Windows } from './greeting.ts'
import { createHeartbeat, type Heartbeat } from './heartbeat.ts'
import { Outbox } from './outbox.ts'
import { createRateLimit } from './rate-limit.ts'
import { createRoundTrip } from './round-trip.ts'
import { StreamEnd } from './stream-end.ts'
import { createAnswerOrder, createRequestOrder, type StreamOrder } from './stream-order.ts'
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
  /** Sends a frame of this stream; in order with its data. `data` frames go by `data` below. */
  send(frame: Exclude<StreamFrame, { type: 'data' }>): void
  /** Sends bytes as credit allows; false: enough waits, until `drained`. The bytes must not change afterwards. */
  data(bytes: Uint8Array, end: boolean): boolean
  /** The consumer has taken that many of the received bytes: their credit goes back to the sender. */
  taken(bytes: number): void
  /** Nothing more is said or heard by us: what was sent already still leaves in order, then it is forgotten like `release`. */
  finish(): void
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
  readonly #streams = new Map<number, StreamEnd>()
  readonly #window: ReceiveWindow
  readonly #received = new Acknowledgement()
  readonly #heartbeat: Heartbeat
  readonly #roundTrip
  readonly #mayPing
  /** What the other side grants each stream at first. */
  #streamCredit: number | null = null
  #lastOwn = 0
  #lastTheirs = 0
  /** The request that the other side opens a stream with right now. */
  #opening: { readonly id: number; readonly isEnded: boolean } | null = null
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
    this.#window = new ReceiveWindow(options.windows.connection)
    this.#roundTrip = createRoundTrip(clock)
    this.#mayPing = createRateLimit(clock, MAX_PINGS_PER_SECOND)
    this.#outbox = new Outbox({
      transport,
      received: this.#received,
      startTimer,
      defer,
      drained: (id) => this.#streams.get(id)?.drained(),
      stalled: (id) => this.#stalled(id),
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
    const lane = this.#outbox.queue.open(id)
    if (this.#streamCredit !== null) lane.credit.grant(this.#streamCredit)
    const end: StreamEnd = new StreamEnd(lane, {
      queue: this.#outbox.queue,
      receiver,
      window: new ReceiveWindow(this.#options.windows.stream),
      order: this.#orderOf(id),
      changed: () => this.#outbox.changed(),
      takenOfConnection: (bytes) => this.#taken(bytes),
      pace: () => this.#pace(),
      defer: this.#deps.defer,
      forgotten: () => void this.#streams.delete(id),
      failed: (error) => this.#deps.failed?.(error),
    })
    if (this.#ending === null) this.#streams.set(id, end)
    return end
  }

  grant(windows: Windows): void {
    if (this.#streamCredit !== null) return
    const { queue } = this.#outbox
    this.#streamCredit = windows.stream
    queue.connection.grant(windows.connection)
    for (const lane of queue.lanes()) {
      lane.credit.grant(windows.stream)
      queue.settle(lane)
    }
    this.#ping()
  }

  silentMs(): number {
    return this.#heartbeat.silentMs()
  }

  setHeartbeat(heartbeatMs: number): void {
    if (this.#ending === null) this.#heartbeat.set(heartbeatMs)
  }

  close(code: number, reason: string): void {
    if (this.#ending !== null) return
    this.#outbox.pump()
    this.#end({ code, reason })
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
    if (this.#streamCredit !== null) this.#ping()
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
      if (this.#ending === null) this.#streamFrame(id, frame)
    },
    credit: (id: number, bytes: number): void => {
      if (this.#ending === null) this.#credit(id, bytes)
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

  #streamFrame(id: number, frame: StreamFrame): void {
    this.#matters = true
    if (frame.type === 'data' && !this.#window.receive(frame.bytes.length)) {
      return this.#wrong('more data than there was credit for')
    }
    const end = this.#streams.get(id)
    if (frame.type === 'request') this.#opened(id, frame)
    else if (end !== undefined) end.receive(frame)
    else this.#late(id, frame)
  }

  #opened(id: number, frame: Extract<StreamFrame, { type: 'request' }>): void {
    if (this.#options.role !== 'agent' || id % 2 === 0 || id <= this.#lastTheirs) {
      return this.#wrong('a request on a stream that may not be opened')
    }
    this.#lastTheirs = id
    this.#opening = { id, isEnded: frame.end }
    this.#guarded(() => this.#deps.opened(id, frame))
    if (this.#opening === null || this.#ending !== null) return
    const end = this.stream(id, { frame: () => undefined, drained: () => undefined })
    end.send({ type: 'reset', code: 'REFUSED', retrySafe: true, reason: 'nobody took the request' })
    end.finish()
  }

  /** The order of what arrives on a stream that is new here. */
  #orderOf(id: number): StreamOrder {
    if (this.#opening?.id !== id) {
      this.#lastOwn = Math.max(this.#lastOwn, id)
      return createAnswerOrder()
    }
    const { isEnded } = this.#opening
    this.#opening = null
    return createRequestOrder(isEnded)
  }

  /** Of a stream that was released, or never was. */
  #late(id: number, frame: StreamFrame): void {
    const isOwn = (id % 2 === 1) === (this.#options.role === 'gateway')
    if (id > (isOwn ? this.#lastOwn : this.#lastTheirs)) return this.#wrong('a frame of a stream that was never opened')
    if (frame.type === 'data') this.#taken(frame.bytes.length)
    if (frame.type !== 'reset') return
    const { queue } = this.#outbox
    const lane = queue.lane(id)
    if (lane === undefined) return
    lane.dropData()
    queue.settle(lane)
  }

  #credit(id: number, bytes: number): void {
    this.#matters = true
    const { queue } = this.#outbox
    const lane = id === 0 ? undefined : queue.lane(id)
    const credit = id === 0 ? queue.connection : lane?.credit
    if (credit?.giveBack(bytes) === false) return this.#wrong('more credit than there may be')
    if (lane !== undefined) queue.settle(lane)
    this.#outbox.changed()
  }

  /** Bytes that are not held here any longer. */
  #taken(bytes: number): void {
    const credit = this.#window.taken(bytes)
    if (credit === 0 || this.#ending !== null) return
    this.#outbox.queue.link(encodeCredit(0, credit))
    this.#outbox.changed()
  }

  /** A stream grows only while half of the connection is open: those who are slow must not hold all of it. */
  #pace(): { readonly now: number; readonly roundTripMs: number; readonly maxSize: number } | null {
    const roundTripMs = this.roundTripMs
    if (roundTripMs === null || this.#window.open * 2 < this.#window.size) return null
    const maxSize = Math.min(MAX_STREAM_WINDOW_BYTES, this.#window.size / 4)
    return { now: this.#deps.clock.now(), roundTripMs: Math.max(1, roundTripMs), maxSize }
  }

  #stalled(id: number): void {
    const reason = 'its data waited too long for credit'
    const end = this.#streams.get(id)
    if (end !== undefined) return end.fail('STALLED', reason)
    const { queue } = this.#outbox
    const lane = queue.lane(id)
    const encoded = encodeStreamFrame(id, { type: 'reset', code: 'STALLED', retrySafe: false, reason })
    if (lane === undefined || !encoded.ok) return
    queue.reset(lane, encoded.bytes)
    this.#outbox.changed()
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
