import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type LedgerGroup, type LedgerParty, rowNumber, type RowNumber } from '../ledger/ledger-group.ts'

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

/** As well: which times say how an upstream did. What the cache gave is nobody's, an error is fast. */
export const QUEUED_SQL = 'attempts > 0'
export const ANSWERED_SQL = '(attempts > 0 AND status < 400 AND first_token_ms IS NOT NULL)'

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
      for (let row = 0; row < group.id.length; row++) {
        const place = countOf(group, row, 'party')
        const party = group.parties[place]
        if (party === undefined) continue
        insertOne(insertRow, { group, row, party })
        sums.add({ group, row, party, place })
      }
      sums.write()
    },
  }
}

/** Of a number that each row has, or that counts as nothing where it has none. */
function countOf(group: LedgerGroup, row: number, name: RowNumber): number {
  return rowNumber(group, row, name) ?? 0
}

interface RowOfGroup {
  readonly group: LedgerGroup
  readonly row: number
  readonly party: LedgerParty
}

function insertOne(statement: StatementSync, { group, row, party }: RowOfGroup): void {
  statement.run(
    group.id[row] ?? '',
    countOf(group, row, 'at'),
    party.user,
    party.keyId,
    party.keyName,
    party.route,
    party.dialect,
    party.modelAsked,
    party.model,
    party.upstream,
    party.agent,
    countOf(group, row, 'attempts'),
    party.status,
    party.ending,
    party.error,
    party.cache,
    countOf(group, row, 'bytesIn'),
    countOf(group, row, 'bytesOut'),
    rowNumber(group, row, 'promptTokens'),
    rowNumber(group, row, 'completionTokens'),
    rowNumber(group, row, 'cachedTokens'),
    countOf(group, row, 'queueMs'),
    rowNumber(group, row, 'loadMs'),
    rowNumber(group, row, 'firstTokenMs'),
    countOf(group, row, 'totalMs'),
    countOf(group, row, 'cost'),
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

  add({ group, row, party, place }: RowOfGroup & { readonly place: number }): void {
    const sum = this.#sumOf(party, place, Math.floor(countOf(group, row, 'at') / DAY_MS))
    sum.requests += 1
    sum.errors += hasFailed(party) ? 1 : 0
    sum.promptTokens += countOf(group, row, 'promptTokens')
    sum.completionTokens += countOf(group, row, 'completionTokens')
    sum.cost += countOf(group, row, 'cost')
    if (countOf(group, row, 'attempts') > 0) addTimes(sum, group, row)
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

function addTimes(sum: DaySum, group: LedgerGroup, row: number): void {
  sum.queued += 1
  sum.queueMs += countOf(group, row, 'queueMs')
  const firstTokenMs = rowNumber(group, row, 'firstTokenMs')
  if (firstTokenMs === null || sum.party.status >= 400) return
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
