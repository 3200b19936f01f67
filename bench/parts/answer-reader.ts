export interface AnswerEvents {
  head(status: number): void
  /** Body text as it comes, without its framing. */
  text(piece: string): void
  end(): void
}

/** Reads answers with a length or in chunks from a raw socket, as latin1 text. Throws at what is neither. */
export class AnswerReader {
  readonly #events: AnswerEvents
  #rest = ''
  #state: 'head' | 'length' | 'chunk' = 'head'
  #left = 0

  constructor(events: AnswerEvents) {
    this.#events = events
  }

  feed(bytes: Buffer): void {
    this.#rest += bytes.toString('latin1')
    while (this.#step()) continue
  }

  /** Whether there may be more to read. */
  #step(): boolean {
    if (this.#state === 'head') return this.#readHead()
    return this.#state === 'length' ? this.#readLength() : this.#readChunk()
  }

  #readHead(): boolean {
    const end = this.#rest.indexOf('\r\n\r\n')
    if (end < 0) return false
    const head = this.#rest.slice(0, end)
    this.#rest = this.#rest.slice(end + 4)
    const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
    if (length === undefined && !/\r\ntransfer-encoding: chunked/i.test(head)) throw new Error(`no framing in ${head}`)
    this.#state = length === undefined ? 'chunk' : 'length'
    this.#left = Number(length ?? 0)
    this.#events.head(Number(head.slice(9, 12)))
    return true
  }

  #readLength(): boolean {
    const piece = this.#rest.slice(0, this.#left)
    this.#rest = this.#rest.slice(piece.length)
    this.#left -= piece.length
    if (piece !== '') this.#events.text(piece)
    return this.#left === 0 && this.#end()
  }

  #readChunk(): boolean {
    const line = this.#rest.indexOf('\r\n')
    if (line < 0) return false
    const size = Number.parseInt(this.#rest.slice(0, line), 16)
    const end = line + 2 + size
    if (this.#rest.length < end + 2) return false
    if (Number.isNaN(size) || this.#rest.slice(end, end + 2) !== '\r\n') throw new Error('broken chunk framing')
    const piece = this.#rest.slice(line + 2, end)
    this.#rest = this.#rest.slice(end + 2)
    if (size === 0) return this.#end()
    this.#events.text(piece)
    return true
  }

  #end(): boolean {
    this.#state = 'head'
    this.#events.end()
    return this.#rest !== ''
  }
}
