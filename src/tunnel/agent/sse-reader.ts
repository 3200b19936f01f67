import { Buffer } from 'node:buffer'

export interface SseEvents {
  batch(bytes: Uint8Array): void
  /** A comment: the heartbeat's answer. */
  text(text: string): void
  closed(code: number, reason: string): void
}

/** A batch of 256 KiB is 350 KB in base64. */
const MAX_LINE = 512 * 1024
const NEWLINE = 0x0a

/** Takes the gateway's event stream apart: `data:` is a batch in base64, `event: close` the end with its reason. */
export class SseReader {
  readonly #events: SseEvents
  #unfinished: Buffer[] = []
  /** Of what is unfinished. */
  #length = 0
  #event = ''
  #data = ''

  constructor(events: SseEvents) {
    this.#events = events
  }

  feed(chunk: Buffer): void {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#lineTo(chunk.subarray(start, end))
      start = end + 1
      this.#take(line.endsWith('\r') ? line.slice(0, -1) : line)
    }
    if (start === chunk.length) return
    this.#unfinished.push(chunk.subarray(start))
    this.#length += chunk.length - start
    if (this.#length > MAX_LINE) this.#events.closed(4400, 'an event of the gateway is too long')
  }

  /** One string for a whole line: a batch comes in many pieces. */
  #lineTo(last: Buffer): string {
    // Only ASCII travels here.
    if (this.#unfinished.length === 0) return last.toString('latin1')
    this.#unfinished.push(last)
    const line = Buffer.concat(this.#unfinished).toString('latin1')
    this.#unfinished = []
    this.#length = 0
    return line
  }

  #take(line: string): void {
    if (line === '') return this.#dispatch()
    if (line === ': ping' || line === ': pong') return this.#events.text(line.slice(2))
    // Padding, or what something on the way keeps its connections alive with.
    if (line.startsWith(':')) return
    if (line.startsWith('data:')) this.#data += line.slice(5).trimStart()
    else if (line.startsWith('event:')) this.#event = line.slice(6).trim()
  }

  #dispatch(): void {
    const [event, data] = [this.#event, this.#data]
    this.#event = ''
    this.#data = ''
    if (data === '') return
    if (event !== 'close') return this.#events.batch(Buffer.from(data, 'base64'))
    const [, code = '4400', reason = ''] = /^(\d{4}) ?(.*)$/.exec(data) ?? []
    this.#events.closed(Number(code), reason)
  }
}
