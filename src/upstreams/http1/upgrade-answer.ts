import { Buffer } from 'node:buffer'
import { parseResponseHead } from './response-head.ts'
import { type ResponseEvents, ResponseParser } from './response-parser.ts'

/** `taken` by a 101, `refused` by any other answer, and `over` once that has ended or cannot be read. */
export type UpgradeVerdict = 'waiting' | 'taken' | 'refused' | 'over'

const HEAD_LIMIT = 64 * 1024
const HEAD_END = '\r\n\r\n'

/** Follows what an upstream says to an upgrade, as far as it decides what the connection carries from there on. */
export class UpgradeAnswer {
  #verdict: UpgradeVerdict = 'waiting'
  #pending: Buffer = Buffer.alloc(0)
  readonly #events: ResponseEvents = {
    info: () => {},
    head: () => {},
    data: () => {},
    end: () => this.#end(),
    malformed: () => this.#end(),
  }
  readonly #parser = new ResponseParser(this.#events)

  get verdict(): UpgradeVerdict {
    return this.#verdict
  }

  read(chunk: Buffer): void {
    if (this.#verdict === 'refused') this.#parser.feed(chunk)
    if (this.#verdict !== 'waiting') return
    this.#pending = Buffer.concat([this.#pending, chunk])
    let more = true
    while (more) more = this.#verdict === 'waiting' && this.#readHead()
  }

  #end(): void {
    this.#verdict = 'over'
  }

  /** False: there is no whole head. */
  #readHead(): boolean {
    const pending = this.#pending
    const end = pending.indexOf(HEAD_END)
    if (end < 0) {
      if (pending.length >= HEAD_LIMIT) this.#end()
      return false
    }
    const head = parseResponseHead(pending.toString('latin1', 0, end))
    if (typeof head === 'string') this.#end()
    else if (head.status === 101) this.#verdict = 'taken'
    else if (head.status >= 200) this.#refuse()
    else this.#pending = pending.subarray(end + HEAD_END.length)
    return true
  }

  #refuse(): void {
    this.#verdict = 'refused'
    this.#parser.expect('GET', this.#events)
    this.#parser.feed(this.#pending)
  }
}
