import type { Clock } from '../../lib/clock.ts'
import { MAX_STREAM_WINDOW_BYTES, ReceiveWindow } from './credit.ts'
import { encodeCredit, encodeStreamFrame } from './encode-frame.ts'
import type { StreamFrame } from './frame.ts'
import type { Windows } from './greeting.ts'
import type { Outbox } from './outbox.ts'
import { StreamEnd, type StreamEndDeps } from './stream-end.ts'
import { StreamMap } from './stream-map.ts'
import { createAnswerOrder, createRequestOrder, type StreamOrder } from './stream-order.ts'

type RequestFrame = Extract<StreamFrame, { type: 'request' }>

export interface StreamTableDeps {
  readonly role: 'gateway' | 'agent'
  /** What we grant the other side. */
  readonly windows: Windows
  readonly outbox: Outbox
  readonly clock: Clock
  roundTripMs(): number | null
  defer(run: () => void): void
  opened(id: number, frame: RequestFrame): void
  failed(error: unknown): void
}

/** The streams of a link, and the credit they share. Methods for what arrives return what is wrong with it, or undefined. */
export class StreamTable {
  readonly #deps: StreamTableDeps
  readonly #ends = new StreamMap<StreamEnd>()
  readonly #window: ReceiveWindow
  /** What the other side grants each stream at first. */
  #firstCredit: number | null = null
  #lastOwn = 0
  #lastTheirs = 0
  /** The request that the other side opens a stream with right now. */
  #opening: { readonly id: number; readonly isEnded: boolean } | null = null
  #isOver = false

  constructor(deps: StreamTableDeps) {
    this.#deps = deps
    this.#window = new ReceiveWindow(deps.windows.connection)
  }

  get isGranted(): boolean {
    return this.#firstCredit !== null
  }

  /** False: that was done before. */
  grant(windows: Windows): boolean {
    if (this.isGranted) return false
    const { queue } = this.#deps.outbox
    this.#firstCredit = windows.stream
    queue.connection.grant(windows.connection)
    for (const lane of queue.lanes()) {
      lane.credit.grant(windows.stream)
      queue.settle(lane)
    }
    return true
  }

  open(id: number, receiver: StreamEndDeps['receiver']): StreamEnd {
    const { outbox, windows, defer, failed } = this.#deps
    const lane = outbox.queue.open(id)
    if (this.#firstCredit !== null) lane.credit.grant(this.#firstCredit)
    const end = new StreamEnd(lane, {
      queue: outbox.queue,
      receiver,
      window: new ReceiveWindow(windows.stream),
      order: this.#orderOf(id),
      changed: () => outbox.changed(),
      takenOfConnection: (bytes) => this.#taken(bytes),
      pace: () => this.#pace(),
      defer,
      forgotten: () => this.#ends.delete(id),
      failed,
    })
    if (!this.#isOver) this.#ends.set(id, end)
    return end
  }

  receive(id: number, frame: StreamFrame): string | undefined {
    if (frame.type === 'data' && !this.#window.receive(frame.bytes.length)) {
      return 'more data than there was credit for'
    }
    const end = this.#ends.get(id)
    if (end === undefined) return frame.type === 'request' ? this.#request(id, frame) : this.#late(id, frame)
    if (frame.type === 'request') return 'a request on a stream that is in use'
    end.receive(frame)
    return undefined
  }

  /** Stream 0: for the connection. */
  credit(id: number, bytes: number): string | undefined {
    const { outbox } = this.#deps
    const lane = id === 0 ? undefined : outbox.queue.lane(id)
    const credit = id === 0 ? outbox.queue.connection : lane?.credit
    if (credit?.giveBack(bytes) === false) return 'more credit than there may be'
    if (lane !== undefined) outbox.queue.settle(lane)
    outbox.changed()
    return undefined
  }

  drained(id: number): void {
    this.#ends.get(id)?.drained()
  }

  stalled(id: number): void {
    const reason = 'its data waited too long for credit'
    const end = this.#ends.get(id)
    if (end === undefined) this.#resetFinished(id, { type: 'reset', code: 'STALLED', retrySafe: false, reason })
    else end.fail('STALLED', reason)
  }

  /** No stream hears anything any more. */
  clear(): void {
    this.#isOver = true
    this.#ends.clear()
  }

  #request(id: number, frame: RequestFrame): string | undefined {
    if (this.#deps.role !== 'agent' || id % 2 === 0 || id <= this.#lastTheirs) {
      return 'a request on a stream that may not be opened'
    }
    this.#lastTheirs = id
    this.#opening = { id, isEnded: frame.end }
    this.#deps.opened(id, frame)
    if (this.#opening === null || this.#isOver) return undefined
    const end = this.open(id, { frame: () => undefined, drained: () => undefined })
    end.send({ type: 'reset', code: 'REFUSED', retrySafe: true, reason: 'nobody took the request' })
    end.finish()
    return undefined
  }

  /** What may arrive on a stream that is new here. */
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
  #late(id: number, frame: StreamFrame): string | undefined {
    const isOwn = (id % 2 === 1) === (this.#deps.role === 'gateway')
    if (id > (isOwn ? this.#lastOwn : this.#lastTheirs)) return 'a frame of a stream that was never opened'
    if (frame.type === 'data') this.#taken(frame.bytes.length)
    // Its work was done, but not all of it had left: the other side waits for a last word.
    if (frame.type === 'reset' && !isOwn) this.#resetFinished(id, { type: 'cancelled' })
    if (frame.type === 'reset' && isOwn) this.#resetFinished(id)
    return undefined
  }

  /** A stream that was given all it has to send, and has not sent it. */
  #resetFinished(id: number, lastWord?: Extract<StreamFrame, { type: 'reset' | 'cancelled' }>): void {
    const { outbox } = this.#deps
    const lane = outbox.queue.lane(id)
    if (lane === undefined) return
    lane.dropData()
    const encoded = lastWord === undefined ? undefined : encodeStreamFrame(id, lastWord)
    if (encoded?.ok === true) outbox.queue.control(lane, encoded.bytes)
    else outbox.queue.settle(lane)
    outbox.changed()
  }

  /** Bytes that are not held here any longer. */
  #taken(bytes: number): void {
    const credit = this.#window.taken(bytes)
    if (credit === 0 || this.#isOver) return
    this.#deps.outbox.queue.link(encodeCredit(0, credit))
    this.#deps.outbox.changed()
  }

  /** A stream grows only while half of the connection is open: those who are slow must not hold all of it. */
  #pace(): ReturnType<StreamEndDeps['pace']> {
    const roundTripMs = this.#deps.roundTripMs()
    if (roundTripMs === null || this.#window.open * 2 < this.#window.size) return null
    const maxSize = Math.min(MAX_STREAM_WINDOW_BYTES, this.#window.size / 4)
    return { now: this.#deps.clock.now(), roundTripMs: Math.max(1, roundTripMs), maxSize }
  }
}
