import { MAX_ENDED } from '../../admin/exchange-schemas.ts'
import type { ExchangeRecord } from '../../proxy/exchange-record.ts'

/** How many of those are remembered whose caller nobody knows: strangers shall not push out what was let in. */
const MAX_REFUSED = 100

/** The exchanges that ended last. */
export interface EndedExchanges {
  /** `round`: the one in which those who watch hear of it. */
  add(record: ExchangeRecord, round: number): void
  /** Of a later round than that; the oldest first. */
  since(round: number): readonly ExchangeRecord[]
  /** The round that what was forgotten last is of. */
  readonly forgottenRound: number
}

/** What Corral answers itself, as the questions of the console, is no exchange worth telling of. */
export function isToldOf({ kind }: Pick<ExchangeRecord, 'kind'>): boolean {
  return kind !== 'own'
}

export function createEndedExchanges(): EndedExchanges {
  const admitted = new Ring(MAX_ENDED)
  const refused = new Ring(MAX_REFUSED)
  return {
    add(record, round) {
      if (!isToldOf(record)) return
      const ring = record.user === null ? refused : admitted
      // Whoever stopped it is told how it ended.
      if (ring.hasRoomAt(endOf(record)) || record.ending === 'stopped') ring.add(record, round)
      else ring.forgottenRound = round
    },
    since(round) {
      const strangers = refused.since(round)
      if (strangers.length === 0) return admitted.since(round)
      return [...admitted.since(round), ...strangers].toSorted((a, b) => endOf(a) - endOf(b))
    },
    get forgottenRound() {
      return Math.max(admitted.forgottenRound, refused.forgottenRound)
    },
  }
}

function endOf({ time, totalMs }: ExchangeRecord): number {
  return time + totalMs
}

/**
 * Costs an exchange that ends a few writes, whether or not somebody watches. Of one second no more are kept than there
 * is room for: nobody could read them, and kept for a moment each would grow old in V8's heap.
 */
class Ring {
  readonly #records: (ExchangeRecord | undefined)[]
  readonly #rounds: number[]
  #next = 0
  #second = 0
  #ofSecond = 0
  forgottenRound = 0

  constructor(size: number) {
    this.#records = Array.from({ length: size })
    this.#rounds = Array.from({ length: size }, () => 0)
  }

  hasRoomAt(time: number): boolean {
    const second = Math.floor(time / 1000)
    if (second !== this.#second) this.#ofSecond = 0
    this.#second = second
    return this.#ofSecond < this.#records.length
  }

  add(record: ExchangeRecord, round: number): void {
    this.#ofSecond += 1
    const at = this.#next
    this.forgottenRound = this.#rounds[at] ?? 0
    this.#records[at] = record
    this.#rounds[at] = round
    this.#next = at + 1 === this.#records.length ? 0 : at + 1
  }

  since(round: number): ExchangeRecord[] {
    const found: ExchangeRecord[] = []
    const size = this.#records.length
    for (let back = 1; back <= size; back++) {
      const at = (this.#next - back + size) % size
      const record = this.#records[at]
      if (record === undefined || (this.#rounds[at] ?? 0) <= round) break
      found.push(record)
    }
    return found.toReversed()
  }
}
