import type { LineMeaning, StreamFormat } from '../dialects/stream-format.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import { AnswerTail } from './answer-tail.ts'
import type { DialectPort } from './dialect-port.ts'
import { LineGate } from './line-gate.ts'
import { type LineReader, NdjsonReader, SseReader } from './line-reader.ts'
import { UsageFilter } from './usage-filter.ts'

const encoder = new TextEncoder()
const NOTHING: Uint8Array = new Uint8Array(0)

/** Follows one streamed answer: what may pass, whether it came to its own end, and what to say if it did not. */
export class StreamWatch {
  readonly #format: StreamFormat
  readonly #dialects: DialectPort
  readonly #gate = new LineGate()
  readonly #tail: AnswerTail
  readonly #reader: LineReader
  readonly #filter: UsageFilter | null
  #wasInsideLine = false

  constructor(format: StreamFormat, dialects: DialectPort) {
    this.#format = format
    this.#dialects = dialects
    this.#tail = new AnswerTail({ keepsBeginning: format.dialect === 'anthropic' })
    this.#filter = format.hidesUsage === true ? new UsageFilter() : null
    this.#reader = format.framing === 'sse' ? new SseReader(format.dialect, dialects) : new NdjsonReader(dialects)
  }

  /** What of a chunk, and of what was held before it, may go to the client now. */
  push(chunk: Uint8Array): Uint8Array {
    return this.#passed(this.#gate.push(chunk))
  }

  /** What a stream that ended by itself has left, if that is its last word; half a line is dropped. */
  rest(): Uint8Array {
    const rest = this.#passed(this.#gate.rest())
    return this.meaning() === 'more' ? NOTHING : rest
  }

  /** Whether the stream said that it is complete, or that it failed. */
  meaning(): LineMeaning {
    return this.#reader.meaning()
  }

  /** How many lines, or events with data, the client got: about one for each token. */
  get events(): number {
    return this.#reader.events
  }

  /** Bytes that tell the client of a failure, or undefined where only a broken connection can. */
  lastWords(error: GatewayError): Uint8Array | undefined {
    const words = this.#dialects.inBandError(error, this.#format, { at: this.#position(), tail: this.#tail.text() })
    return words === undefined ? undefined : encoder.encode(words)
  }

  /** The last of what came, to read counts from. */
  tailText(): string {
    return this.#tail.text()
  }

  /** Counts are read from all that came, the state of the stream from what the client gets. */
  #passed(chunk: Uint8Array): Uint8Array {
    if (chunk.length === 0) return chunk
    const isPartial = this.#gate.insideLine
    this.#keep(chunk, isPartial)
    const passing =
      this.#filter === null ? chunk : this.#filter.push(chunk, { isPartial, isInsideEvent: this.#reader.insideEvent() })
    if (passing.length > 0) this.#reader.passed(passing, isPartial)
    return passing
  }

  #keep(chunk: Uint8Array, isPartial: boolean): void {
    if (isPartial || this.#wasInsideLine) this.#tail.pushPiece(chunk, !this.#wasInsideLine)
    else this.#tail.push(chunk)
    this.#wasInsideLine = isPartial
  }

  #position(): 'boundary' | 'inside-event' | 'inside-line' {
    if (this.#gate.insideLine) return 'inside-line'
    return this.#reader.insideEvent() ? 'inside-event' : 'boundary'
  }
}
