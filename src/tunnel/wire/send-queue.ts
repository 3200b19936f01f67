import { SendCredit } from './credit.ts'
import {
  BATCH_HEADER_BYTES,
  END,
  frameTypes,
  HEADER_BYTES,
  MAX_BATCH_BYTES,
  MAX_PAYLOAD_BYTES,
  writeHeader,
  writeU32,
} from './frame-layout.ts'
import { SendLane } from './send-lane.ts'
import { StreamMap } from './stream-map.ts'

/** A stream's turn among others: none waits long for its own. */
const QUANTUM_BYTES = 16 * 1024

/**
 * What leaves next: frames of the link, then frames of streams that wait for no data, then data in turns. A stream that
 * has data and no credit is out of the turns until credit comes.
 */
export class SendQueue {
  readonly connection = new SendCredit()
  readonly #lanes = new StreamMap<SendLane>()
  readonly #linkFrames: Uint8Array[] = []
  #linkBytes = 0
  readonly #controlLanes: SendLane[] = []
  #ring: SendLane[] = []
  /** Have data, and no credit of their own. */
  readonly #blocked = new Set<SendLane>()
  #drained: SendLane[] = []
  #stuckTicks = 0

  open(id: number): SendLane {
    const lane = new SendLane(id)
    this.#lanes.set(id, lane)
    return lane
  }

  lane(id: number): SendLane | undefined {
    return this.#lanes.get(id)
  }

  lanes(): readonly SendLane[] {
    return this.#lanes.values()
  }

  link(frame: Uint8Array): void {
    this.#linkFrames.push(frame)
    this.#linkBytes += frame.length
  }

  control(lane: SendLane, frame: Uint8Array): void {
    lane.control(frame)
    this.settle(lane)
  }

  /** What a stream was given, and has not sent, stays here. */
  dropData(lane: SendLane): void {
    lane.dropData()
    this.settle(lane)
  }

  data(lane: SendLane, bytes: Uint8Array, end: boolean): boolean {
    const hasRoom = lane.data(bytes, end)
    this.settle(lane)
    return hasRoom
  }

  /** To be called when something of a lane has changed: it takes the place that it has a right to. */
  settle(lane: SendLane): void {
    if (lane.hasControl && !lane.inControl) {
      lane.inControl = true
      this.#controlLanes.push(lane)
    }
    if (!lane.inRing && (lane.sendableBytes > 0 || (lane.hasData && lane.queuedBytes === 0))) {
      lane.inRing = true
      lane.quantum = 0
      this.#ring.push(lane)
    }
    if (lane.queuedBytes > 0 && lane.credit.available === 0) this.#blocked.add(lane)
    else this.#blocked.delete(lane)
    if (lane.isClosing && lane.isEmpty) this.#lanes.delete(lane.id)
  }

  /** Whether anything could leave now. */
  isReady(): boolean {
    if (this.#linkFrames.length > 0 || this.#controlLanes.length > 0) return true
    if (this.#ring.length === 0) return false
    return this.connection.available > 0 || this.#ring.some((lane) => lane.queuedBytes === 0)
  }

  hasWaitingData(): boolean {
    return this.#blocked.size > 0 || this.#ring.length > 0
  }

  /** The next batch, or undefined where nothing can leave. */
  take(seq: number): Uint8Array | undefined {
    if (!this.isReady()) return undefined
    const batch = new Uint8Array(BATCH_HEADER_BYTES + Math.min(MAX_BATCH_BYTES, this.#mostBytes()))
    let at = this.#writeControl(batch, this.#writeLink(batch, BATCH_HEADER_BYTES))
    while (this.#ring.length > 0 && this.#controlLanes.length === 0) {
      const next = this.#writeData(batch, at)
      if (next === at) break
      at = this.#writeControl(batch, next)
    }
    if (at === BATCH_HEADER_BYTES) return undefined
    writeU32(batch, 0, seq)
    return at === batch.length ? batch : batch.subarray(0, at)
  }

  /** Lanes that have room again, once each. */
  takeDrained(): readonly SendLane[] {
    const lanes = this.#drained
    if (lanes.length > 0) this.#drained = []
    return lanes
  }

  /**
   * To be called at even intervals: lanes whose data has not moved for `ticks` of them. Where it is the connection that
   * has no credit, the lane that holds most of it is the one.
   */
  stalled(ticks: number): readonly SendLane[] {
    const stalled: SendLane[] = []
    let holder: SendLane | undefined
    for (const lane of this.#lanes.values()) {
      if (lane.queuedBytes === 0) continue
      lane.stuckTicks = lane.credit.available === 0 ? lane.stuckTicks + 1 : 0
      if (lane.stuckTicks > ticks) stalled.push(lane)
      if (holder === undefined || lane.credit.outstanding > holder.credit.outstanding) holder = lane
    }
    this.#stuckTicks = holder !== undefined && this.connection.available === 0 ? this.#stuckTicks + 1 : 0
    return stalled.length === 0 && holder !== undefined && this.#stuckTicks > ticks ? [holder] : stalled
  }

  /** A bound for the next batch, so that it is one buffer; near enough where credit does not cut it. */
  #mostBytes(): number {
    let bytes = this.#linkBytes
    for (const lane of this.#controlLanes) bytes += lane.controlBytes
    for (const lane of this.#ring) {
      const data = lane.sendableBytes
      bytes += data + lane.controlBytes + HEADER_BYTES * (1 + Math.ceil(data / QUANTUM_BYTES))
      if (bytes >= MAX_BATCH_BYTES) break
    }
    return bytes
  }

  #writeLink(batch: Uint8Array, from: number): number {
    let at = from
    let frame = this.#linkFrames[0]
    while (frame !== undefined && at + frame.length <= batch.length) {
      batch.set(frame, at)
      at += frame.length
      this.#linkBytes -= frame.length
      this.#linkFrames.shift()
      frame = this.#linkFrames[0]
    }
    return at
  }

  #writeControl(batch: Uint8Array, from: number): number {
    let at = from
    let lane = this.#linkFrames.length === 0 ? this.#controlLanes[0] : undefined
    while (lane !== undefined) {
      const frame = lane.nextControl()
      if (frame !== undefined && at + frame.length > batch.length) return at
      if (frame === undefined) {
        lane.inControl = false
        this.#controlLanes.shift()
        this.settle(lane)
        lane = this.#controlLanes[0]
        continue
      }
      batch.set(frame, at)
      at += frame.length
      lane.controlSent()
    }
    return at
  }

  /** One DATA frame of the lane whose turn it is; returns `at` if none can leave. */
  #writeData(batch: Uint8Array, at: number): number {
    const room = Math.min(batch.length - at - HEADER_BYTES, MAX_PAYLOAD_BYTES)
    for (let tries = this.#ring.length; tries > 0; tries -= 1) {
      const [lane] = this.#ring
      if (lane === undefined || room < 0 || (room === 0 && lane.queuedBytes > 0)) return at
      if (lane.quantum <= 0) lane.quantum = this.#ring.length === 1 ? MAX_PAYLOAD_BYTES : QUANTUM_BYTES
      const count = Math.min(room, lane.quantum, lane.sendableBytes, this.connection.available)
      const isSendable = count > 0 || (lane.hasData && lane.queuedBytes === 0)
      if (isSendable) this.#writeFrame(batch, at, { lane, count })
      this.#endTurn(lane, isSendable && count === room)
      if (isSendable) return at + HEADER_BYTES + count
    }
    return at
  }

  #writeFrame(batch: Uint8Array, at: number, { lane, count }: { lane: SendLane; count: number }): void {
    lane.copyData(batch, at + HEADER_BYTES, count)
    lane.credit.spend(count)
    this.connection.spend(count)
    lane.quantum -= count
    lane.stuckTicks = 0
    this.#stuckTicks = 0
    const flags = lane.takeEnd() ? END : 0
    writeHeader(batch, at, { type: frameTypes.DATA, flags, stream: lane.id, length: count })
    if (lane.takeDrained()) this.#drained.push(lane)
  }

  /** A turn that the end of the batch cut short goes on in the next one. */
  #endTurn(lane: SendLane, isCut: boolean): void {
    if (isCut && lane.quantum > 0 && lane.sendableBytes > 0) return
    this.#ring.shift()
    lane.inRing = false
    this.settle(lane)
  }
}
