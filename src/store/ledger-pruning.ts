import type { DatabaseSync } from 'node:sqlite'
import { DAY_MS, dayOf } from './ledger-rows.ts'

export interface LedgerTerms {
  readonly retentionMs: number
  readonly rollupAfterMs: number
}

/** So few that nobody who writes waits longer than for a group. */
const STEP_ROWS = 500

/**
 * Takes away some of what is older than it is to be kept, whole days at a time but for steps. False: nothing was left to
 * take. The sums of a day were made with its rows, so nothing is lost with these but the rows.
 */
export function pruneStep(database: DatabaseSync, { retentionMs, rollupAfterMs }: LedgerTerms, now: number): boolean {
  const keptFrom = Math.floor((now - rollupAfterMs) / DAY_MS) * DAY_MS
  const rows = database
    .prepare('DELETE FROM exchanges WHERE id IN (SELECT id FROM exchanges WHERE at < ? ORDER BY at LIMIT ?)')
    .run(keptFrom, STEP_ROWS)
  if (Number(rows.changes) > 0) return true
  const days = database
    .prepare(
      `DELETE FROM usage_days WHERE (day, user, key_id, model, upstream) IN
        (SELECT day, user, key_id, model, upstream FROM usage_days WHERE day < ? LIMIT ?)`,
    )
    .run(dayOf(now - retentionMs), STEP_ROWS)
  return Number(days.changes) > 0
}
