import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { LedgerColumn, LedgerGroup, LedgerParty } from '../ledger/ledger-group.ts'

const columns = [
  'exchange',
  'at',
  'user',
  'key_id',
  'key_name',
  'route',
  'dialect',
  'model_asked',
  'model',
  'upstream',
  'agent',
  'attempts',
  'status',
  'ending',
  'error',
  'cache',
  'bytes_in',
  'bytes_out',
  'prompt_tokens',
  'completion_tokens',
  'cached_tokens',
  'queue_ms',
  'load_ms',
  'first_token_ms',
  'total_ms',
  'cost',
  'user_id',
] as const

export const DAY_MS = 86_400_000

/** The same in SQL and here: answered with an error or broken off. A client that left, or had it stopped, is none. */
export const FAILED_SQL = `(ending NOT IN ('complete', 'client-gone', 'stopped') OR (status >= 400 AND status <> 499 AND ending <> 'stopped'))`

function hasFailed({ ending, status }: LedgerParty): boolean {
  if (ending === 'stopped') return false
  return (ending !== 'complete' && ending !== 'client-gone') || (status >= 400 && status !== 499)
}

/**
 * As well: which times say how an upstream did. What the cache gave is nobody's, an error is fast, and what has no tokens
 * has no first one.
 */
export const QUEUED_SQL = 'attempts > 0'
export const ANSWERED_SQL =
  '(attempts > 0 AND status < 400 AND first_token_ms IS NOT NULL AND completion_tokens IS NOT NULL)'

/** The UTC day of a time, as `YYYY-MM-DD`. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}

export interface LedgerRows {
  /** To be called inside a transaction. Keeps the sums of the days in step. */
  insert(group: LedgerGroup): void
}

export function prepareLedgerRows(database: DatabaseSync): LedgerRows {
  const insertRow = database.prepare(
    `INSERT INTO exchanges (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  )
  const days = prepareDaySums(database)
  return {
    insert(group) {
      const sums = new GroupSums(days)
      const numbers = new GroupNumbers(group)
      for (const [row, id] of group.id.entries()) {
        const place = numbers.count(row, 'party')
        const party = group.parties[place]
        if (party === undefined) continue
        insertOne(insertRow, { id, numbers, row, party })
        sums.add({ id, numbers, row, party, place })
      }
      sums.write()
    },
  }
}

/** Reads the numbers of a group by their names. */
class GroupNumbers {
  readonly #group: LedgerGroup
  readonly #places: Readonly<Record<LedgerColumn, number>>

  constructor(group: LedgerGroup) {
    this.#group = group
    const places = group.columns.map((name, place) => [name, place])
    this.#places = Object.fromEntries(places) as Readonly<Record<LedgerColumn, number>>
  }

  /** Null: not known. */
  of(row: number, name: LedgerColumn): number | null {
    const { columns, numbers } = this.#group
    const value = numbers[row * columns.length + this.#places[name]] ?? Number.NaN
    return Number.isNaN(value) ? null : value
  }

  /** Of one that each row has, or that counts as nothing where it has none. */
  count(row: number, name: LedgerColumn): number {
    return this.of(row, name) ?? 0
  }
}

interface RowOfGroup {
  readonly id: string
  readonly numbers: GroupNumbers
  readonly row: number
  readonly party: LedgerParty
}

function insertOne(statement: StatementSync, { id, numbers, row, party }: RowOfGroup): void {
  statement.run(
    id,
    numbers.count(row, 'at'),
    party.user,
    party.keyId,
    party.keyName,
    party.route,
    party.dialect,
    party.modelAsked,
    party.model,
    party.upstream,
    party.agent,
    numbers.count(row, 'attempts'),
    party.status,
    party.ending,
    party.error,
    party.cache,
    numbers.count(row, 'bytesIn'),
    numbers.count(row, 'bytesOut'),
    numbers.of(row, 'promptTokens'),
    numbers.of(row, 'completionTokens'),
    numbers.of(row, 'cachedTokens'),
    numbers.count(row, 'queueMs'),
    numbers.of(row, 'loadMs'),
    numbers.of(row, 'firstTokenMs'),
    numbers.count(row, 'totalMs'),
    numbers.count(row, 'cost'),
    party.userId,
  )
}

interface DaySum {
  readonly party: LedgerParty
  readonly day: number
  requests: number
  errors: number
  promptTokens: number
  completionTokens: number
  cost: number
  queued: number
  queueMs: number
  answered: number
  firstTokenMs: number
}

/** What a group adds to its days: one statement for each party and day, not for each row. */
class GroupSums {
  readonly #write: (sum: DaySum) => void
  /** By the place of the party. */
  readonly #open: (DaySum | undefined)[] = []

  constructor(write: (sum: DaySum) => void) {
    this.#write = write
  }

  add({ numbers, row, party, place }: RowOfGroup & { readonly place: number }): void {
    const sum = this.#sumOf(party, place, Math.floor(numbers.count(row, 'at') / DAY_MS))
    sum.requests += 1
    sum.errors += hasFailed(party) ? 1 : 0
    sum.promptTokens += numbers.count(row, 'promptTokens')
    sum.completionTokens += numbers.count(row, 'completionTokens')
    sum.cost += numbers.count(row, 'cost')
    if (numbers.count(row, 'attempts') > 0) addTimes(sum, numbers, row)
  }

  write(): void {
    for (const sum of this.#open) if (sum !== undefined) this.#write(sum)
  }

  #sumOf(party: LedgerParty, place: number, day: number): DaySum {
    const known = this.#open[place]
    if (known?.day === day) return known
    if (known !== undefined) this.#write(known)
    const sum = { party, day, ...NOTHING }
    this.#open[place] = sum
    return sum
  }
}

const NOTHING = {
  ...{ requests: 0, errors: 0, promptTokens: 0, completionTokens: 0, cost: 0 },
  ...{ queued: 0, queueMs: 0, answered: 0, firstTokenMs: 0 },
}

function addTimes(sum: DaySum, numbers: GroupNumbers, row: number): void {
  sum.queued += 1
  sum.queueMs += numbers.count(row, 'queueMs')
  const firstTokenMs = numbers.of(row, 'firstTokenMs')
  const hasTokens = numbers.of(row, 'completionTokens') !== null
  if (firstTokenMs === null || !hasTokens || sum.party.status >= 400) return
  sum.answered += 1
  sum.firstTokenMs += firstTokenMs
}

function prepareDaySums(database: DatabaseSync): (sum: DaySum) => void {
  const statement = database.prepare(`
    INSERT INTO usage_days
      (day, user, key_id, key_name, model, upstream, requests, errors, prompt_tokens, completion_tokens, cost,
      queued, queue_ms, answered, first_token_ms, user_id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (day, user, key_id, model, upstream) DO UPDATE SET
      key_name = excluded.key_name,
      user_id = excluded.user_id,
      requests = requests + excluded.requests,
      errors = errors + excluded.errors,
      prompt_tokens = prompt_tokens + excluded.prompt_tokens,
      completion_tokens = completion_tokens + excluded.completion_tokens,
      cost = cost + excluded.cost,
      queued = queued + excluded.queued,
      queue_ms = queue_ms + excluded.queue_ms,
      answered = answered + excluded.answered,
      first_token_ms = first_token_ms + excluded.first_token_ms
  `)
  return ({ party, day, ...sum }) => {
    const { user, userId, keyId, keyName, model, upstream } = party
    const who = [user ?? '', keyId ?? '', keyName ?? '', model ?? '', upstream ?? '']
    const used = [sum.requests, sum.errors, sum.promptTokens, sum.completionTokens, sum.cost]
    const times = [sum.queued, sum.queueMs, sum.answered, sum.firstTokenMs]
    statement.run(dayOf(day * DAY_MS), ...who, ...used, ...times, userId)
  }
}
