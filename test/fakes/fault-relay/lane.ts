import type { Socket } from 'node:net'
import { dueAt, slice, type Toxics } from './toxics.ts'

export interface LaneDeps {
  toxics(): Toxics
  random(): number
  /** Bytes that are about to leave; returns how many of them may. */
  leaving(bytes: number): number
  /** Held here at most, while it waits for its time or for the other side. */
  readonly maxHeldBytes: number
}

/** `stalled` reads nothing, so that the sender feels it; `dead` swallows everything, so that nobody feels anything. */
type State = 'flowing' | 'stalled' | 'dead'

type Item = { readonly due: number } & ({ readonly bytes: Buffer } | { readonly end: 'fin' | 'reset' })

/** One direction of one connection. */
export class Lane {
  readonly #from: Socket
  readonly #to: Socket
  readonly #deps: LaneDeps
  readonly #queue: Item[] = []
  #held = 0
  #lastDue = 0
  #state: State = 'flowing'
  #blocked = false
  #timer: NodeJS.Timeout | undefined
  #soon: NodeJS.Immediate | undefined

  constructor(from: Socket, to: Socket, deps: LaneDeps) {
    this.#from = from
    this.#to = to
    this.#deps = deps
    from.on('data', (chunk: Buffer) => this.#read(chunk))
    from.on('end', () => this.#ended('fin'))
    from.on('error', () => this.#ended('reset'))
    to.on('drain', () => {
      this.#blocked = false
      this.#pump()
    })
  }

  stall(): void {
    if (this.#state === 'flowing') this.#state = 'stalled'
    this.#flow()
  }

  go(): void {
    if (this.#state === 'stalled') this.#state = 'flowing'
    this.#flow()
    this.#pump()
  }

  /** From now on nothing that is sent arrives, and nobody is told. */
  die(): void {
    this.#state = 'dead'
    this.stop()
    this.#from.resume()
  }

  stop(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#soon)
    this.#queue.length = 0
    this.#held = 0
  }

  #read(chunk: Buffer): void {
    if (this.#state === 'dead') return
    const toxics = this.#deps.toxics()
    for (const bytes of slice(chunk, toxics, this.#deps.random)) {
      const before = this.#lastDue
      this.#lastDue = dueAt(toxics, performance.now(), { bytes: bytes.length, before, random: this.#deps.random() })
      this.#queue.push({ due: this.#lastDue, bytes })
      this.#held += bytes.length
    }
    this.#flow()
    this.#pump()
  }

  #ended(end: 'fin' | 'reset'): void {
    if (this.#state === 'dead') return
    this.#queue.push({ due: this.#lastDue, end })
    this.#pump()
  }

  #flow(): void {
    if (this.#state === 'stalled' || this.#held > this.#deps.maxHeldBytes) this.#from.pause()
    else this.#from.resume()
  }

  /** One piece a turn, so that each is a segment of its own. */
  #pump(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#soon)
    const item = this.#queue[0]
    if (item === undefined || this.#state !== 'flowing') return
    const waitMs = item.due - performance.now()
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.#pump(), Math.ceil(waitMs))
      return
    }
    if ('bytes' in item && this.#blocked) return
    this.#queue.shift()
    this.#leave(item)
    this.#soon = setImmediate(() => this.#pump())
  }

  #leave(item: Item): void {
    if ('end' in item) return void (item.end === 'fin' ? this.#to.end() : this.#to.resetAndDestroy())
    this.#held -= item.bytes.length
    const may = this.#deps.leaving(item.bytes.length)
    if (may > 0 && !this.#to.destroyed) this.#blocked = !this.#to.write(item.bytes.subarray(0, may))
    this.#flow()
  }
}
