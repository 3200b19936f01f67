import type { Acknowledgement } from './acknowledgement.ts'
import { nextSeq } from './batch.ts'
import { encodeLinkFrame } from './encode-frame.ts'
import { SendQueue } from './send-queue.ts'
import type { Transport } from './transport.ts'

/** More than that waits in our own queue, where control overtakes it. */
const MAX_BUFFERED_BYTES = 512 * 1024
const ACK_MS = 1_000
/** Data may wait a minute for credit. Counted in ticks, for a machine that sleeps does not tick. */
const STALL_TICK_MS = 5_000
const STALL_TICKS = 12

export interface OutboxDeps {
  readonly transport: Transport
  readonly received: Acknowledgement
  startTimer(delayMs: number, run: () => void): () => void
  defer(run: () => void): void
  /** A stream that was told to wait has room again. */
  drained(stream: number): void
  /** A stream's data has waited too long for credit. */
  stalled(stream: number): void
}

/** Turns what the queue holds into numbered batches, as fast as the transport takes them. */
export class Outbox {
  readonly queue = new SendQueue()
  readonly #deps: OutboxDeps
  #lastSeq = 0
  #willPump = false
  #isOver = false
  #cancelAck: (() => void) | null = null
  #cancelTick: (() => void) | null = null

  constructor(deps: OutboxDeps) {
    this.#deps = deps
  }

  /** Number of the last batch that was sent. */
  get lastSeq(): number {
    return this.#lastSeq
  }

  /** Something may leave: soon, with all else that this turn brings. */
  changed(): void {
    if (this.#willPump || this.#isOver) return
    this.#willPump = true
    this.#deps.defer(() => {
      this.#willPump = false
      this.pump()
    })
  }

  pump(): void {
    const { transport, received } = this.#deps
    while (!this.#isOver && transport.buffered() < MAX_BUFFERED_BYTES && this.queue.isReady()) {
      if (received.isDue) this.#queueAck()
      const seq = nextSeq(this.#lastSeq)
      const batch = this.queue.take(seq)
      if (batch === undefined) break
      this.#lastSeq = seq
      transport.send(batch)
      for (const lane of this.queue.takeDrained()) this.#deps.drained(lane.id)
    }
    this.#watchForStalls()
  }

  /** What has arrived is acknowledged with the next batch that leaves, or by itself after a while. */
  acknowledgeSoon(): void {
    if (this.#isOver) return
    const say = (): void => {
      this.#queueAck()
      this.changed()
    }
    if (this.#deps.received.isUrgent) return say()
    this.#cancelAck ??= this.#deps.startTimer(ACK_MS, say)
  }

  end(): void {
    this.#isOver = true
    this.#cancelAck?.()
    this.#cancelTick?.()
  }

  #queueAck(): void {
    const encoded = encodeLinkFrame({ type: 'ack', seq: this.#deps.received.last })
    if (encoded.ok) this.queue.link(encoded.bytes)
    this.#deps.received.said()
    this.#cancelAck?.()
    this.#cancelAck = null
  }

  #watchForStalls(): void {
    if (this.#cancelTick !== null || this.#isOver || !this.queue.hasWaitingData()) return
    this.#cancelTick = this.#deps.startTimer(STALL_TICK_MS, () => {
      this.#cancelTick = null
      for (const lane of this.queue.stalled(STALL_TICKS)) this.#deps.stalled(lane.id)
      this.#watchForStalls()
    })
  }
}
