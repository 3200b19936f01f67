/** Records exchanges at a pace into a ledger of its own, and says how it went. Takes an order as JSON. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { createLedger, type Ledger } from '../src/ledger/ledger.ts'
import { systemClock } from '../src/lib/clock.ts'
import { startSystemTimer } from '../src/routing/timer.ts'
import { createLedgerWriter } from '../src/store/ledger-writer.ts'
import { openStore } from '../src/store/open-store.ts'
import { ledgerEntryOf } from './parts/ledger-entries.ts'
import type { LedgerOrder, LedgerOutcome } from './parts/ledger-order.ts'

const DAY_MS = 86_400_000
const order = JSON.parse(process.argv[2] ?? '') as LedgerOrder
const path = join(order.folder, 'corral.db')
const store = await openStore(`sqlite:${path}`)
const ledger = openLedger()
await record(ledger, 1)
await ledger.flush()
console.log(JSON.stringify(await measure()))
await ledger.close()
await store.close()

function openLedger(): Ledger {
  const owner = { instance: 'bench', pid: process.pid, host: 'bench' }
  const terms = { retentionMs: 90 * DAY_MS, rollupAfterMs: 7 * DAY_MS }
  const writer = createLedgerWriter({ path, owner, ...terms }, { unclosed: () => undefined })
  const log = { warn: (_: object, line: string) => console.error(line), info: () => undefined }
  const deps = { writer, agentOf: () => null, clock: systemClock, log, startTimer: startSystemTimer }
  return createLedger(deps, { policy: 'best-effort' })
}

async function measure(): Promise<LedgerOutcome> {
  const before = { written: ledger.status().written, bytes: bytesOnDisk() }
  // Each value has the resolution in it: what is told is more than what was waited.
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  delay.enable()
  const mostWaiting = await record(ledger, order.seconds)
  delay.disable()
  await ledger.flush()
  const seconds = (performance.now() - startedAt) / 1000
  const { user, system } = process.cpuUsage(cpu)
  const { written, lost } = ledger.status()
  const rows = written - before.written
  return {
    recorded: rows,
    seconds,
    mostWaiting,
    lost,
    delayP50Ms: delay.percentile(50) / 1e6,
    delayP99Ms: delay.percentile(99) / 1e6,
    cpuUsPerRow: (user + system) / rows,
    bytesPerRow: (bytesOnDisk() - before.bytes) / rows,
  }
}

/** In each millisecond what is due by then, as requests come. */
async function record(into: Ledger, seconds: number): Promise<number> {
  const startedAt = performance.now()
  let [done, mostWaiting] = [0, 0]
  while (done < order.rowsPerSecond * seconds) {
    const due = Math.min(seconds, (performance.now() - startedAt) / 1000) * order.rowsPerSecond
    for (; done < due; done++) into.record(ledgerEntryOf(done, Date.now()), 0.001)
    mostWaiting = Math.max(mostWaiting, into.status().waiting)
    await sleep(1)
  }
  return mostWaiting
}

/** The log of the database counts once it has been taken over, which happens now and then. */
function bytesOnDisk(): number {
  return statSync(path).size
}
