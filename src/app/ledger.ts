import { hostname } from 'node:os'
import type { Settings } from '../config/settings.ts'
import { createLedger, type Ledger } from '../ledger/ledger.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { UsageTotals } from '../limits/limit-book.ts'
import type { Fleet } from '../routing/fleet/fleet-state.ts'
import { startSystemTimer } from '../routing/timer.ts'
import { createLedgerWriter } from '../store/ledger-writer.ts'
import { readLedgerTotals } from '../store/read-ledger.ts'
import { parseStoreUrl } from '../store/store-url.ts'

export interface LedgerParts {
  readonly fleet: Pick<Fleet, 'get'>
  readonly instanceId: string
  readonly clock: Clock
  readonly log: Log
}

/** Read beside the thread that writes, which is still on its way up when the gateway wants to know. */
export function ledgerTotals({ store }: Pick<Settings, 'store'>): UsageTotals {
  return { totalsSince: async (at) => readLedgerTotals(store.url, at) }
}

/** The ledger in the store, which was opened and brought up to date before. */
export function openLedger({ store, ledger }: Settings, { fleet, instanceId, clock, log }: LedgerParts): Ledger {
  const { retentionMs, rollupAfterMs, policy } = ledger
  const owner = { instance: instanceId, pid: process.pid, host: hostname() }
  const unclosed = (count: number): void =>
    log.warn(
      { count },
      'The gateway ended the last time without closing its ledger: up to 200 exchanges that were over just before may be missing from it',
    )
  const writer = createLedgerWriter({ path: parseStoreUrl(store.url), owner, retentionMs, rollupAfterMs }, { unclosed })
  const agentOf = (upstream: string): string | null => (fleet.get(upstream)?.agent == null ? null : upstream)
  return createLedger({ writer, agentOf, clock, log, startTimer: startSystemTimer }, { policy })
}
