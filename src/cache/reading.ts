import type { RawHeaders } from '../lib/raw-headers.ts'
import type { AbortReason, Attempt, ResponseSink } from '../proxy/upstream.ts'
import type { Recording } from './recording.ts'

/** Who keeps the recording that is read. */
export interface ReadingDesk {
  /** Hears no more of it, before its end. */
  left(reason: AbortReason): void
  /** Was given all there is and has room for more. */
  wantsMore(): void
  /** Has heard its end. */
  done(): void
}

/**
 * One answer from a recording, whole or still growing, at the pace of one sink: an attempt as everybody else's. Whoever
 * makes the recording grow calls `pump`.
 */
export class Reading implements Attempt {
  readonly #recording: Recording
  readonly #sink: ResponseSink
  readonly #desk: ReadingDesk
  #stage: 'sent' | 'accepted' | 'body' | 'over' = 'sent'
  #block = 0
  #offset = 0
  #read = 0
  #isPaused = false
  #isPumping = false

  constructor(recording: Recording, sink: ResponseSink, desk: ReadingDesk) {
    this.#recording = recording
    this.#sink = sink
    this.#desk = desk
  }

  /** Nothing may be said before `send` has returned. */
  pumpSoon(): void {
    queueMicrotask(() => this.pump())
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** The block it reads next. */
  get block(): number {
    return this.#block
  }

  /** Bytes that it has not been given. */
  get behind(): number {
    return this.#recording.bytes - this.#read
  }

  /** Tells the sink what it has not heard, as far as it has room. */
  pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    while (!this.#isPaused && this.#step());
    this.#isPumping = false
  }

  info(status: number, headers: RawHeaders): void {
    if (this.#stage === 'accepted') this.#sink.info(status, headers)
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.pump()
    if (!this.#isPaused && this.#stage !== 'over') this.#desk.wantsMore()
  }

  abort(reason: AbortReason): void {
    if (this.#stage === 'over') return
    this.#stage = 'over'
    this.#desk.left(reason)
    queueMicrotask(() => this.#sink.released())
  }

  /** Cuts it off: what it has not read is kept no longer. */
  cut(): void {
    if (this.#stage === 'over') return
    this.#stage = 'over'
    this.#sink.fail({ kind: 'reset', executed: 'maybe' })
    this.#release()
  }

  /** One word to the sink; false: there is none now. */
  #step(): boolean {
    const { accepted, head } = this.#recording
    switch (this.#stage) {
      case 'sent':
        if (!accepted && head === null) return this.#end()
        this.#stage = 'accepted'
        // Not every upstream says it.
        if (accepted) this.#sink.accepted()
        return true
      case 'accepted':
        if (head === null) return this.#end()
        this.#stage = 'body'
        this.#sink.head(head.status, head.headers)
        return true
      case 'body':
        return this.#piece() || this.#end()
      case 'over':
        return false
    }
  }

  #piece(): boolean {
    if (this.#recording.isPast(this.#block) && this.#recording.pieceAt(this.#block, this.#offset) === undefined) {
      this.#block += 1
      this.#offset = 0
    }
    const piece = this.#recording.pieceAt(this.#block, this.#offset)
    if (piece === undefined) return false
    this.#offset += piece.length
    this.#read += piece.length
    if (!this.#sink.data(piece)) this.#isPaused = true
    return true
  }

  #end(): false {
    const { ending } = this.#recording
    if (ending === null) return false
    this.#stage = 'over'
    if (ending.kind === 'ended') this.#sink.end(ending.trailers)
    else this.#sink.fail(ending.error)
    this.#release()
    return false
  }

  #release(): void {
    this.#desk.done()
    this.#sink.released()
  }
}
