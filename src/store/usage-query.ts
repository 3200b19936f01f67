import type { DatabaseSync } from 'node:sqlite'
import type { KeyUsage, UsageField, UsageQuery, UsageRow } from '../ledger/usage.ts'
import { ANSWERED_SQL, DAY_MS, dayOf, FAILED_SQL, QUEUED_SQL } from './ledger-rows.ts'

/** What rows that belong together have in common. Keys are told apart by their ids: names are used again. */
const groupedBy: Readonly<Record<UsageField, string>> = {
  user: 'user',
  key: 'key_id',
  model: 'model',
  upstream: 'upstream',
  day: 'day',
}

/** What is shown of it; empty where the exchanges have none. */
const shownAs: Readonly<Record<UsageField, string>> = {
  user: `nullif(user, '')`,
  key: `nullif(max(key_name), '')`,
  model: `nullif(model, '')`,
  upstream: `nullif(upstream, '')`,
  day: 'day',
}

const daySums =
  'SELECT day, user, key_id, key_name, model, upstream, requests, errors, prompt_tokens, completion_tokens, cost'
const daySumTimes = 'queued, queue_ms, answered, first_token_ms'

const singleRows = `
  SELECT :day AS day, coalesce(user, '') AS user, coalesce(key_id, '') AS key_id, coalesce(key_name, '') AS key_name,
    coalesce(model, '') AS model, coalesce(upstream, '') AS upstream, 1 AS requests, ${FAILED_SQL} AS errors,
    coalesce(prompt_tokens, 0) AS prompt_tokens, coalesce(completion_tokens, 0) AS completion_tokens, cost`
const singleRowTimes = `
    ${QUEUED_SQL} AS queued, iif(${QUEUED_SQL}, queue_ms, 0) AS queue_ms,
    ${ANSWERED_SQL} AS answered, iif(${ANSWERED_SQL}, first_token_ms, 0) AS first_token_ms`

/** Sums of the days, and of the single rows where a day was begun in the middle and still has them. */
export function readUsage(database: DatabaseSync, query: UsageQuery): UsageRow[] {
  const fields = [...new Set(query.by)]
  const { sql, values } = sourceOf(database, query)
  const shown = fields.map((field) => `${shownAs[field]} AS "${field}"`)
  const grouping = fields.length === 0 ? '' : `GROUP BY ${fields.map((field) => groupedBy[field]).join(', ')}`
  const rows = database
    .prepare(
      `SELECT ${[...shown, ...sums, ...(query.times === true ? means : [])].join(', ')} FROM (${sql}) ${grouping} HAVING sum(requests) > 0 ORDER BY ${orderOf(fields)}`,
    )
    .all(values)
  return rows.map((row) => ({ ...row }) as unknown as UsageRow)
}

export function readTotals(database: DatabaseSync, at: number): KeyUsage[] {
  const rows = database
    .prepare(
      `SELECT key_id AS keyId, user_id AS userId, model, sum(prompt_tokens + completion_tokens) AS tokens, sum(cost) AS cost
      FROM usage_days WHERE day >= ? GROUP BY user_id, key_id, model`,
    )
    .all(dayOf(at))
  return rows.map((row) => ({ ...row }) as unknown as KeyUsage)
}

const sums = [
  'sum(requests) AS requests',
  'sum(errors) AS errors',
  'sum(prompt_tokens) AS prompt_tokens',
  'sum(completion_tokens) AS completion_tokens',
  'sum(cost) AS cost',
]

/** Null where they are of none. */
const means = [
  'sum(queue_ms) / nullif(sum(queued), 0) AS queue_ms',
  'sum(first_token_ms) / nullif(sum(answered), 0) AS first_token_ms',
]

/** Days in their order, who used most before others. */
function orderOf(fields: readonly UsageField[]): string {
  const days = fields.includes('day') ? ['day'] : []
  const names = fields.filter((field) => field !== 'day').map((field) => `"${field}"`)
  return [...days, 'sum(prompt_tokens) + sum(completion_tokens) DESC', 'sum(requests) DESC', ...names].join(', ')
}

interface Source {
  readonly sql: string
  readonly values: Record<string, string | number>
}

/** What is not asked for is not named: the books of an earlier version may not have it. */
function sourceOf(database: DatabaseSync, { since, userId, times = false }: UsageQuery): Source {
  const ofUser = userId === undefined ? '' : 'AND user_id = :userId'
  const whose = userId === undefined ? {} : { userId }
  const days = `${daySums} ${times ? `, ${daySumTimes}` : ''} FROM usage_days WHERE`
  if (since === null) return { sql: `${days} true ${ofUser}`, values: whose }
  const day = dayOf(since)
  const dayStart = Math.floor(since / DAY_MS) * DAY_MS
  const next = dayStart + DAY_MS
  // Single rows go away by whole days: a day has all of its own, or none.
  const hasRows = database.prepare('SELECT 1 FROM exchanges WHERE at >= ? AND at < ? LIMIT 1').get(dayStart, next)
  if (since === dayStart || hasRows === undefined)
    return { sql: `${days} day >= :day ${ofUser}`, values: { ...whose, day } }
  const rows = `${singleRows} ${times ? `, ${singleRowTimes}` : ''} FROM exchanges WHERE at >= :since AND at < :next`
  return {
    sql: `${days} day > :day ${ofUser} UNION ALL ${rows} ${ofUser}`,
    values: { ...whose, day, since, next },
  }
}
