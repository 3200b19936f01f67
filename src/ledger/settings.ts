import type { z } from 'zod'
import { choice, duration, section } from '../lib/setting.ts'
import type { SettingsContext } from '../lib/settings-context.ts'

export interface LedgerSettings {
  /** Whether requests go on or stop while their rows cannot be written. */
  readonly policy: 'best-effort' | 'required'
  /** How long the sums of a day are kept. */
  readonly retentionMs: number
  /** How long there is a row for each exchange. */
  readonly rollupAfterMs: number
}

const DAY_MS = 86_400_000
const YEARS_MS = 10 * 365 * DAY_MS

export const ledgerSlice = {
  ledger: section('The ledger: who used what, a row for each exchange. `corral usage` reads it.', {
    policy: choice(
      ['best-effort', 'required'],
      'While rows cannot be written, a full disk for one, requests go on (`best-effort`: rows wait in memory, up to 20000) or are refused (`required`).',
    ).prefault('best-effort'),
    retention: duration({
      description: 'How long the sums of each day are kept: by user, key, model and upstream.',
      minMs: DAY_MS,
      maxMs: YEARS_MS,
    }).prefault('90d'),
    rollup_after: duration({
      description: 'How long each exchange has a row of its own; after that, only the sums of its day are left.',
      minMs: DAY_MS,
      maxMs: YEARS_MS,
    }).prefault('7d'),
  }).prefault({}),
}

export function toLedgerSettings(
  { ledger }: z.output<z.ZodObject<typeof ledgerSlice>>,
  context: SettingsContext,
): LedgerSettings {
  if (ledger.rollup_after > ledger.retention)
    context.problem(
      ['ledger', 'rollup_after'],
      'is longer than ledger.retention: rows are kept as long as sums at most',
    )
  return { policy: ledger.policy, retentionMs: ledger.retention, rollupAfterMs: ledger.rollup_after }
}
