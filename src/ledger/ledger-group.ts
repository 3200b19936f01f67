import type { LedgerEntry } from './ledger-entry.ts'

/** What a row has of numbers, in this order. */
const columns = [
  'party',
  'at',
  'attempts',
  'bytesIn',
  'bytesOut',
  'promptTokens',
  'completionTokens',
  'cachedTokens',
  'queueMs',
  'loadMs',
  'firstTokenMs',
  'totalMs',
  'cost',
] as const

export type LedgerColumn = (typeof columns)[number]

/** Rows that are written together: what comes again and again is told once, so that little is copied to the worker. */
export interface LedgerGroup {
  /** Counts up with each group of a ledger; one that is sent again keeps its number. */
  readonly number: number
  /** Rows that were lost since the last group that was written. */
  readonly lost: number
  readonly parties: readonly LedgerParty[]
  /** Of each row. */
  readonly id: readonly string[]
  readonly columns: readonly LedgerColumn[]
  /** The columns of each row, one row after another; NaN: not known. `party` is a place in `parties`. */
  readonly numbers: Float64Array
}

const WIDTH = columns.length

/** Who used what, and how it ended: a few in each group. */
export interface LedgerParty {
  readonly user: string | null
  readonly userId: string | null
  readonly keyId: string | null
  readonly keyName: string | null
  readonly route: string
  readonly dialect: string
  readonly modelAsked: string | null
  readonly model: string | null
  readonly upstream: string | null
  readonly agent: string | null
  readonly status: number
  readonly ending: string
  readonly error: string | null
  readonly cache: string | null
}

/** The agent that an upstream is, null where it is none. */
export type AgentOf = (upstream: string) => string | null

/** A path, a name or an id may be long, and is kept for months. */
const MAX_TEXT_LENGTH = 512

/**
 * Rows as they come. What waits here would grow old in V8's heap, an object for each exchange and its numbers: so they
 * are written down at once, and only the id is kept as it is.
 */
export class OpenGroup {
  readonly #room: number
  readonly #numbers: Float64Array
  readonly #id: string[] = []
  readonly #parties: PartyList

  constructor(room: number, agentOf: AgentOf) {
    this.#room = room
    this.#numbers = new Float64Array(room * WIDTH)
    this.#parties = new PartyList(agentOf)
  }

  get size(): number {
    return this.#id.length
  }

  get isFull(): boolean {
    return this.#id.length === this.#room
  }

  /** When the first exchange was over, milliseconds since the epoch. */
  get oldest(): number {
    return (this.#numbers[columns.indexOf('at')] ?? 0) + (this.#numbers[columns.indexOf('totalMs')] ?? 0)
  }

  /** `cost` is in the currency of the prices. */
  add(entry: LedgerEntry, cost: number): void {
    const numbers = this.#numbers
    let at = this.#id.length * WIDTH
    this.#id.push(shorten(entry.id))
    numbers[at++] = this.#parties.placeOf(entry)
    numbers[at++] = entry.time
    numbers[at++] = entry.attempts
    numbers[at++] = entry.bytesIn
    numbers[at++] = entry.bytesOut
    numbers[at++] = entry.promptTokens ?? Number.NaN
    numbers[at++] = entry.completionTokens ?? Number.NaN
    numbers[at++] = entry.cachedTokens ?? Number.NaN
    numbers[at++] = hundredths(entry.queueMs)
    numbers[at++] = hundredths(entry.loadMs ?? Number.NaN)
    numbers[at++] = hundredths(entry.ttftMs ?? Number.NaN)
    numbers[at++] = hundredths(entry.totalMs)
    numbers[at] = cost
  }

  /** As it is now. */
  group({ number, lost }: Pick<LedgerGroup, 'number' | 'lost'>): LedgerGroup {
    return { number, lost, parties: this.#parties.all, id: this.#id, columns, numbers: this.#numbers }
  }
}

class PartyList {
  readonly all: LedgerParty[] = []
  /** The entry that each was made of. */
  readonly #models: LedgerEntry[] = []
  readonly #agentOf: AgentOf

  constructor(agentOf: AgentOf) {
    this.#agentOf = agentOf
  }

  placeOf(entry: LedgerEntry): number {
    const known = this.#models.findIndex((other) => isSameParty(entry, other))
    if (known >= 0) return known
    this.#models.push(entry)
    return this.all.push(this.#partyOf(entry)) - 1
  }

  #partyOf(entry: LedgerEntry): LedgerParty {
    const { user, userId, keyId, keyName, route, dialect, modelAsked, model, upstream, status, ending, error, cache } =
      entry
    return {
      user: user === null ? null : shorten(user),
      userId,
      keyId: keyId === null ? null : shorten(keyId),
      keyName: keyName === null ? null : shorten(keyName),
      route: route ?? '',
      dialect: dialect ?? '',
      modelAsked: modelAsked === null ? null : shorten(modelAsked),
      model: model === null ? null : shorten(model),
      upstream: upstream === null ? null : shorten(upstream),
      agent: upstream === null ? null : this.#agentOf(upstream),
      status,
      ending,
      error,
      cache,
    }
  }
}

/** What differs most comes first. */
function isSameParty(a: LedgerEntry, b: LedgerEntry): boolean {
  return (
    a.keyId === b.keyId &&
    a.upstream === b.upstream &&
    a.model === b.model &&
    a.route === b.route &&
    a.status === b.status &&
    a.ending === b.ending &&
    a.error === b.error &&
    a.cache === b.cache &&
    a.modelAsked === b.modelAsked &&
    a.user === b.user &&
    a.userId === b.userId &&
    a.keyName === b.keyName &&
    a.dialect === b.dialect
  )
}

function shorten(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? text.slice(0, MAX_TEXT_LENGTH) : text
}

function hundredths(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
