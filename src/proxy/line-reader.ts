import type { Dialect } from '../dialects/dialect.ts'
import type { LineMeaning } from '../dialects/stream-format.ts'
import type { DialectPort } from './dialect-port.ts'

const NEWLINE = 0x0a
/** An SSE line's meaning is in its first bytes. */
const LINE_HEAD = 32
/** Of a native line that passes in pieces, what is kept to read `done` from: it stands before the long `context`. */
const LONG_LINE_HEAD = 8 * 1024

const decoder = new TextDecoder()

/** Reads from the passing lines what they say about the stream as a whole. */
export interface LineReader {
  /** Whole lines, or a piece of a line that is too long to hold: then `partial`. */
  passed(chunk: Uint8Array, partial: boolean): void
  meaning(): LineMeaning
  /** How many lines, or events with data, have passed: about one for each token. */
  readonly events: number
  /** Whether the last line that passed left an event open. */
  insideEvent(): boolean
}

/** Looks at the last line only, when the stream is over. */
export class NdjsonReader implements LineReader {
  readonly #dialects: DialectPort
  #last: Uint8Array | undefined
  #longLineHead: Uint8Array | undefined
  #partial = false
  #events = 0

  constructor(dialects: DialectPort) {
    this.#dialects = dialects
  }

  passed(chunk: Uint8Array, partial: boolean): void {
    if (partial && !this.#partial) this.#longLineHead = chunk.subarray(0, LONG_LINE_HEAD)
    if (!partial && !(this.#partial && chunk.indexOf(NEWLINE) === chunk.length - 1)) this.#longLineHead = undefined
    this.#partial = partial
    this.#last = chunk
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) this.#events += 1
  }

  get events(): number {
    return this.#events
  }

  meaning(): LineMeaning {
    if (this.#last === undefined) return 'more'
    if (this.#longLineHead === undefined) return this.#dialects.meaningOfNdjsonLine(lastLine(this.#last))
    return decoder.decode(this.#longLineHead).includes('"done":true') && !this.#partial ? 'complete' : 'more'
  }

  insideEvent(): boolean {
    return false
  }
}

/** Looks at the head of every line: what ends an SSE stream may stand before a very long line. */
export class SseReader implements LineReader {
  readonly #dialect: Dialect
  readonly #dialects: DialectPort
  #meaning: LineMeaning = 'more'
  #insideEvent = false
  #partial = false
  #events = 0

  constructor(dialect: Dialect, dialects: DialectPort) {
    this.#dialect = dialect
    this.#dialects = dialects
  }

  passed(chunk: Uint8Array, partial: boolean): void {
    let start = this.#partial ? lineEnd(chunk, 0) + 1 : 0
    while (start < chunk.length) {
      const end = lineEnd(chunk, start)
      this.#insideEvent = end > start && !(end - start === 1 && chunk[start] === 0x0d)
      if (isData(chunk, start)) this.#events += 1
      if (this.#meaning === 'more') this.#readLine(chunk, start, end)
      start = end + 1
    }
    this.#partial = partial
  }

  meaning(): LineMeaning {
    return this.#meaning
  }

  get events(): number {
    return this.#events
  }

  insideEvent(): boolean {
    return this.#insideEvent
  }

  /** Deltas are by far the most lines, and none of them starts like an end: `event`, `data: [` or `data: {"e`. */
  #readLine(chunk: Uint8Array, start: number, end: number): void {
    const first = chunk[start]
    if (first !== 0x65 && !(first === 0x64 && (chunk[start + 6] === 0x5b || chunk[start + 8] === 0x65))) return
    const head = decoder.decode(chunk.subarray(start, Math.min(end, start + LINE_HEAD)))
    this.#meaning = this.#dialects.meaningOfSseLine(this.#dialect, head)
  }
}

/** `data: {`; what stands in brackets is the word that ends a stream of OpenAI's. */
function isData(chunk: Uint8Array, start: number): boolean {
  return chunk[start] === 0x64 && chunk[start + 6] !== 0x5b
}

function lineEnd(chunk: Uint8Array, from: number): number {
  const newline = chunk.indexOf(NEWLINE, from)
  return newline < 0 ? chunk.length : newline
}

function lastLine(chunk: Uint8Array): string {
  const end = chunk[chunk.length - 1] === NEWLINE ? chunk.length - 1 : chunk.length
  const start = end === 0 ? 0 : chunk.lastIndexOf(NEWLINE, end - 1) + 1
  return decoder.decode(chunk.subarray(start, end))
}
