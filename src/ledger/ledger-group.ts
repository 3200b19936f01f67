import type { LedgerEntry } from './ledger-entry.ts'

/**
 * Rows that are written together, by columns: what comes again and again is told once, so that little is copied on the
 * way to the worker.
 */
export interface LedgerGroup {
  /** Counts up with each group of a ledger; one that is sent again keeps its number. */
  readonly number: number
  /** Rows that were lost since the last group that was written. */
  readonly lost: number
  readonly parties: readonly LedgerParty[]
  /** Of each row, its place in `parties`. */
  readonly party: readonly number[]
  readonly id: readonly string[]
  readonly at: readonly number[]
  readonly attempts: readonly number[]
  readonly bytesIn: readonly number[]
  readonly bytesOut: readonly number[]
  readonly promptTokens: readonly (number | null)[]
  readonly completionTokens: readonly (number | null)[]
  readonly cachedTokens: readonly (number | null)[]
  readonly queueMs: readonly number[]
  readonly loadMs: readonly (number | null)[]
  readonly firstTokenMs: readonly (number | null)[]
  readonly totalMs: readonly number[]
  readonly cost: readonly number[]
}

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

export interface BookedEntry {
  readonly entry: LedgerEntry
  /** In the currency of the prices. */
  readonly cost: number
}

/** The agent that an upstream is, null where it is none. */
export type AgentOf = (upstream: string) => string | null

/** A path, a name or an id may be long, and is kept for months. */
const MAX_TEXT_LENGTH = 512

export function createGroup(
  booked: readonly BookedEntry[],
  { number, lost }: Pick<LedgerGroup, 'number' | 'lost'>,
  agentOf: AgentOf,
): LedgerGroup {
  const parties = new PartyList(agentOf)
  const entries = booked.map(({ entry }) => entry)
  return {
    number,
    lost,
    party: entries.map((entry) => parties.placeOf(entry)),
    parties: parties.all,
    id: entries.map((entry) => shorten(entry.id)),
    at: entries.map((entry) => entry.time),
    attempts: entries.map((entry) => entry.attempts),
    bytesIn: entries.map((entry) => entry.bytesIn),
    bytesOut: entries.map((entry) => entry.bytesOut),
    promptTokens: entries.map((entry) => entry.promptTokens),
    completionTokens: entries.map((entry) => entry.completionTokens),
    cachedTokens: entries.map((entry) => entry.cachedTokens),
    queueMs: entries.map((entry) => hundredths(entry.queueMs)),
    loadMs: entries.map((entry) => hundredths(entry.loadMs)),
    firstTokenMs: entries.map((entry) => hundredths(entry.ttftMs)),
    totalMs: entries.map((entry) => hundredths(entry.totalMs)),
    cost: booked.map(({ cost }) => cost),
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

function hundredths(milliseconds: number): number
function hundredths(milliseconds: number | null): number | null
function hundredths(milliseconds: number | null): number | null {
  return milliseconds === null ? null : Math.round(milliseconds * 100) / 100
}
