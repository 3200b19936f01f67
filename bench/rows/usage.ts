import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OpenGroup } from '../../src/ledger/ledger-group.ts'
import { createLedgerBook } from '../../src/store/ledger-book.ts'
import { openStore } from '../../src/store/open-store.ts'
import { MAIN } from '../../test/system/harness/product-command.ts'
import { runCommand } from '../../test/system/harness/run-command.ts'
import { ledgerEntryOf } from '../parts/ledger-entries.ts'
import type { Bench, Row, RowResult } from '../parts/row.ts'
import { median } from '../parts/statistics.ts'

const ROWS = 1_000_000
const GROUP = 200
const DAYS = 30
const SINCE_HOURS = 36
const DAY_MS = 86_400_000
const REACH_MS = 500

export const usage: Row = { name: 'usage', title: 'Usage', measure }

/** From the command to its end, the start of a process and all. */
async function measure({ quick, say }: Bench): Promise<RowResult> {
  const folder = await mkdtemp(join(tmpdir(), 'corral-bench-usage-'))
  try {
    await fillLedger(folder)
    say(`${ROWS} rows`)
    const rounds = quick ? 3 : 9
    const byDay = await timesOf(['usage', '--by', 'day', '--json'], { folder, rounds, days: DAYS })
    const days = daysOf(SINCE_HOURS)
    const since = await timesOf(['usage', '--by', 'day', '--since', `${SINCE_HOURS}h`, '--json'], {
      folder,
      rounds,
      days,
    })
    const version = await timesOf(['version'], { folder, rounds, days: null })
    return {
      measures: [
        {
          what: `\`corral usage --by day\` over ${ROWS / 1_000_000} million rows`,
          reach: `<= ${REACH_MS} ms`,
          measured: `${median(byDay).toFixed(0)} ms`,
          reached: median(byDay) <= REACH_MS,
        },
      ],
      details: [
        `- by day: ${list(byDay)}`,
        `- since ${SINCE_HOURS} hours, in the middle of a day of ${Math.round(ROWS / DAYS)} rows: ${list(since)}`,
        `- for comparison, \`corral version\`: ${list(version)}`,
      ],
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** How many days (UTC) the last hours touch: two or three, by the time of the day. */
function daysOf(hours: number): number {
  const now = Date.now()
  return Math.floor(now / DAY_MS) - Math.floor((now - hours * 3_600_000) / DAY_MS) + 1
}

/** Written as the gateway writes, over the last days up to now. */
async function fillLedger(folder: string): Promise<void> {
  const path = join(folder, 'corral.db')
  const store = await openStore(`sqlite:${path}`)
  const owner = { instance: 'bench', pid: process.pid, host: 'bench' }
  const book = createLedgerBook({ path, owner, retentionMs: 90 * DAY_MS, rollupAfterMs: 90 * DAY_MS })
  const now = Date.now()
  const startedAt = Math.floor(now / DAY_MS) * DAY_MS - (DAYS - 1) * DAY_MS
  const stepMs = (now - startedAt) / ROWS
  for (let first = 0, number = 1; first < ROWS; first += GROUP, number++) {
    const group = new OpenGroup(GROUP, () => null)
    for (let row = first; row < first + GROUP; row++)
      group.add(ledgerEntryOf(row, Math.floor(startedAt + row * stepMs)), 0.001)
    const answer = book.write(group.group({ number, lost: 0 }))
    if (answer.kind === 'failed') throw new Error(answer.problem)
  }
  book.close()
  await store.close()
}

interface Timing {
  readonly folder: string
  readonly rounds: number
  /** How many rows it must print; null where it prints none. */
  readonly days: number | null
}

async function timesOf(args: readonly string[], { folder, rounds, days }: Timing): Promise<number[]> {
  const times: number[] = []
  for (let i = 0; i < rounds; i++) {
    const startedAt = performance.now()
    const { code, stdout, stderr } = await runCommand(MAIN, args, { folder })
    times.push(performance.now() - startedAt)
    const printed = days === null ? null : (JSON.parse(stdout) as unknown[]).length
    if (code !== 0 || printed !== days) throw new Error(`corral ${args.join(' ')} printed ${printed}: ${stderr}`)
  }
  return times
}

function list(times: readonly number[]): string {
  return times.map((time) => `${time.toFixed(0)} ms`).join(', ')
}
