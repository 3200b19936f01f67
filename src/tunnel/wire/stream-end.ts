import type { ResetCode } from './codes.ts'
import type { ReceiveWindow } from './credit.ts'
import { encodeCredit, encodeStreamFrame } from './encode-frame.ts'
import type { StreamFrame } from './frame.ts'
import type { SendLane } from './send-lane.ts'
import type { SendQueue } from './send-queue.ts'
import type { StreamOrder } from './stream-order.ts'

export interface StreamEndDeps {
  readonly queue: SendQueue
  readonly receiver: { frame(frame: StreamFrame): void; drained(): void }
  readonly window: ReceiveWindow
  /** Of the frames that arrive. */
  readonly order: StreamOrder
  /** Something may leave. */
  changed(): void
  /** Received bytes will not be held any longer. */
  takenOfConnection(bytes: number): void
  /** How far the window may grow now, or null where nobody can tell. */
  pace(): { readonly now: number; readonly roundTripMs: number; readonly maxSize: number } | null
  defer(run: () => void): void
  /** It is not heard any more. */
  forgotten(): void
  failed(error: unknown): void
}

/**
 * Our end of one stream. `silent`: the other side does not know of it, for its request could not be sent; `deaf`: this end
 * has reset it because of a mistake, and has told the receiver; `gone`: released.
 */
type State = 'open' | 'silent' | 'deaf' | 'gone'

export class StreamEnd {
  readonly #lane: SendLane
  readonly #deps: StreamEndDeps
  #state: State = 'open'

  constructor(lane: SendLane, deps: StreamEndDeps) {
    this.#lane = lane
    this.#deps = deps
  }

  get id(): number {
    return this.#lane.id
  }

  send(frame: Exclude<StreamFrame, { type: 'data' }>): void {
    if (this.#state !== 'open') return
    if (frame.type === 'reset') this.#deps.queue.dropData(this.#lane)
    this.#sendInOrder(frame)
  }

  breakOff(reset: Extract<StreamFrame, { type: 'reset' }>): void {
    if (this.#state === 'open') this.#sendInOrder(reset)
  }

  data(bytes: Uint8Array, end: boolean): boolean {
    if (this.#state !== 'open') return true
    const hasRoom = this.#deps.queue.data(this.#lane, bytes, end)
    this.#deps.changed()
    return hasRoom
  }

  taken(bytes: number): void {
    if (this.#state === 'gone') return
    const { window, queue } = this.#deps
    const count = Math.min(bytes, window.untaken)
    if (count === 0) return
    this.#deps.takenOfConnection(count)
    const credit = window.taken(count)
    if (credit === 0 || this.#state !== 'open') return
    const pace = this.#deps.pace()
    queue.link(encodeCredit(this.id, credit + (pace === null ? 0 : window.growth(credit, pace))))
    this.#deps.changed()
  }

  release(): void {
    if (this.#state === 'gone') return
    this.#lane.dropData()
    this.finish()
  }

  finish(): void {
    if (this.#state === 'gone') return
    this.#state = 'gone'
    this.#lane.isClosing = true
    this.#deps.queue.settle(this.#lane)
    this.#deps.takenOfConnection(this.#deps.window.untaken)
    this.#deps.forgotten()
    this.#deps.changed()
  }

  /** A frame has arrived. Bytes that nobody will take go back to the connection at once. */
  receive(frame: StreamFrame): void {
    const size = frame.type === 'data' ? frame.bytes.length : 0
    if (this.#state !== 'open') return this.#deps.takenOfConnection(size)
    if (!this.#deps.window.receive(size)) {
      this.#deps.takenOfConnection(size)
      return this.fail('FLOW', 'more data than there was credit for')
    }
    const verdict = this.#deps.order.judge(frame)
    if (verdict === 'wrong') return this.fail('PROTOCOL', `a ${frame.type} frame out of order`)
    if (verdict === 'late') return this.taken(size)
    // Whoever resets takes nothing more: what is still said must not wait behind data that gets no credit.
    if (frame.type === 'reset') this.#deps.queue.dropData(this.#lane)
    this.#tell(frame)
  }

  drained(): void {
    if (this.#state !== 'open') return
    try {
      this.#deps.receiver.drained()
    } catch (error) {
      this.#broken(error)
    }
  }

  /** Ends the stream on both sides. */
  fail(code: ResetCode, reason: string): void {
    if (this.#state !== 'open') return
    const reset = { type: 'reset', code, retrySafe: false, reason } as const
    this.send(reset)
    this.#state = 'deaf'
    this.#tell(reset)
  }

  #sendInOrder(frame: Exclude<StreamFrame, { type: 'data' }>): void {
    const encoded = encodeStreamFrame(this.id, frame)
    if (!encoded.ok) return this.#unfit(frame, encoded.reason)
    this.#deps.queue.control(this.#lane, encoded.bytes)
    this.#deps.changed()
  }

  #tell(frame: StreamFrame): void {
    try {
      this.#deps.receiver.frame(frame)
    } catch (error) {
      this.#broken(error)
    }
  }

  #broken(error: unknown): void {
    this.send({ type: 'reset', code: 'INTERNAL', retrySafe: false, reason: '' })
    this.release()
    this.#deps.failed(error)
  }

  /** A head that cannot be on the wire costs this stream only. Told later: the sender is in the midst of its own work. */
  #unfit(frame: StreamFrame, reason: string): void {
    if (frame.type !== 'request') {
      this.#deps.defer(() => this.fail('UPSTREAM_BAD_RESPONSE', reason))
      return
    }
    this.#state = 'silent'
    this.#lane.dropData()
    this.#deps.defer(() => {
      if (this.#state === 'silent') this.#tell({ type: 'reset', code: 'TOO_LARGE', retrySafe: false, reason })
    })
  }
}
