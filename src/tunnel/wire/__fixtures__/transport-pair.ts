import type { Transport, TransportEvents, TransportKind } from '../transport.ts'
import type { ManualTime } from './manual-time.ts'

export interface PairOptions {
  readonly kind?: TransportKind
  /** One way. */
  readonly delayMs?: number
  /** Bytes per millisecond that leave; all at once by default. */
  readonly bytesPerMs?: number
}

export interface TransportPair {
  readonly gateway: Transport
  readonly agent: Transport
  /** Ends the connection as the network does. */
  cut(): void
  /** From now on nothing arrives, and nobody notices. */
  blackHole(): void
  /** Everything on its way from that end waits. */
  stall(from: 'gateway' | 'agent'): void
  resume(from: 'gateway' | 'agent'): void
  /** What was sent, in order, each once. */
  sent(from: 'gateway' | 'agent'): readonly (Uint8Array | string)[]
}

type Parcel =
  | { readonly kind: 'batch'; readonly bytes: Uint8Array }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }

/** `buffered` below this is small again. */
const LOW_BYTES = 64 * 1024

/** Two ends of a connection in memory, moved by a manual time. */
export function createTransportPair(time: ManualTime, options: PairOptions = {}): TransportPair {
  let isLost = false
  const gateway = createEnd('gateway')
  const agent = createEnd('agent')
  gateway.connect(agent)
  agent.connect(gateway)

  function createEnd(name: 'gateway' | 'agent'): End {
    return new End(name, { time, options, isLost: () => isLost })
  }
  const ends = { gateway, agent }
  return {
    gateway,
    agent,
    cut() {
      gateway.closedBy(1006, 'the network is gone')
      agent.closedBy(1006, 'the network is gone')
    },
    blackHole() {
      isLost = true
    },
    stall: (from) => ends[from].stall(true),
    resume: (from) => ends[from].stall(false),
    sent: (from) => ends[from].sent,
  }
}

interface EndContext {
  readonly time: ManualTime
  readonly options: PairOptions
  isLost(): boolean
}

class End implements Transport {
  readonly name: string
  readonly kind: TransportKind
  readonly sent: (Uint8Array | string)[] = []
  readonly #context: EndContext
  #peer: End | undefined
  #events: TransportEvents | undefined
  #waiting: Parcel[] = []
  #buffered = 0
  /** When the last byte given so far has left. */
  #freeAt = 0
  #isStalled = false
  #isClosed = false

  constructor(name: string, context: EndContext) {
    this.name = name
    this.kind = context.options.kind ?? 'ws'
    this.#context = context
  }

  connect(peer: End): void {
    this.#peer = peer
  }

  listen(events: TransportEvents): void {
    if (this.#events !== undefined) throw new Error('A transport has one listener')
    this.#events = events
  }

  send(batch: Uint8Array): void {
    if (this.#isClosed) return
    this.sent.push(batch.slice())
    this.#buffered += batch.length
    this.#post({ kind: 'batch', bytes: batch }, batch.length)
  }

  sendText(text: 'ping' | 'pong'): void {
    if (this.#isClosed) return
    this.sent.push(text)
    this.#post({ kind: 'text', text }, 0)
  }

  buffered(): number {
    return this.#buffered
  }

  close(code: number, reason: string): void {
    if (this.#isClosed) return
    this.#post({ kind: 'close', code, reason }, 0)
    this.closedBy(code, reason)
  }

  closedBy(code: number, reason: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#context.time.defer(() => this.#events?.closed(code, reason))
  }

  stall(isStalled: boolean): void {
    this.#isStalled = isStalled
    if (isStalled) return
    for (const parcel of this.#waiting.splice(0)) this.#leave(parcel)
  }

  #post(parcel: Parcel, size: number): void {
    const { time, options } = this.#context
    const now = time.clock.now()
    this.#freeAt = Math.max(now, this.#freeAt) + size / (options.bytesPerMs ?? Infinity)
    time.startTimer(this.#freeAt - now, () => {
      if (this.#isStalled) this.#waiting.push(parcel)
      else this.#leave(parcel)
    })
  }

  #leave(parcel: Parcel): void {
    const { time, options, isLost } = this.#context
    const size = parcel.kind === 'batch' ? parcel.bytes.length : 0
    const wasFull = this.#buffered > LOW_BYTES
    this.#buffered -= size
    if (!isLost()) time.startTimer(options.delayMs ?? 0, () => this.#peer?.arrive(parcel))
    if (wasFull && this.#buffered <= LOW_BYTES && !this.#isClosed) this.#events?.drained()
  }

  arrive(parcel: Parcel): void {
    if (this.#isClosed || this.#context.isLost()) return
    if (parcel.kind === 'batch') this.#events?.batch(parcel.bytes)
    else if (parcel.kind === 'text') this.#events?.text(parcel.text)
    else this.closedBy(parcel.code, parcel.reason)
  }
}
