import { Buffer } from 'node:buffer'

export interface SseEvents {
  batch(bytes: Uint8Array): void
  /** A comment: the heartbeat's answer. */
  text(text: string): void
  closed(code: number, reason: string): void
}

/** A batch of 256 KiB is 350 KB in base64. */
const MAX_LINE = 512 * 1024

/** Takes the gateway's event stream apart: `data:` is a batch in base64, `event: close` the end with its reason. */
export class SseReader {
  readonly #events: SseEvents
  #line = ''
  #event = ''
  #data = ''

  constructor(events: SseEvents) {
    this.#events = events
  }

  feed(chunk: Buffer): void {
    // Only ASCII travels here.
    const lines = (this.#line + chunk.toString('latin1')).split('\n')
    this.#line = lines.pop() ?? ''
    for (const line of lines) this.#take(line.endsWith('\r') ? line.slice(0, -1) : line)
    if (this.#line.length > MAX_LINE) this.#events.closed(4400, 'an event of the gateway is too long')
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
