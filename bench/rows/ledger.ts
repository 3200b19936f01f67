import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProgram } from '../parts/child-process.ts'
import type { LedgerOrder, LedgerOutcome } from '../parts/ledger-order.ts'
import type { Bench, Row, RowResult } from '../parts/row.ts'
import { median } from '../parts/statistics.ts'

const DRIVER = join(import.meta.dirname, '../ledger-driver.ts')
const REACH_ROWS = 10_000
const REACH_MS = 5
/** What is offered, so that there is something to sustain. */
const OFFERED = 12_000

export const ledger: Row = { name: 'ledger', title: 'Ledger', measure }

async function measure({ quick, say }: Bench): Promise<RowResult> {
  const rounds: LedgerOutcome[] = []
  for (let i = 0; i < (quick ? 1 : 5); i++) {
    rounds.push(await runRound(quick ? 5 : 20))
    say(`round ${i + 1}`)
  }
  const rates = rounds.map(({ recorded, seconds }) => recorded / seconds)
  const delays = rounds.map(({ delayP99Ms }) => delayP99Ms)
  return {
    measures: [
      {
        what: `ledger: rows written while ${OFFERED} exchanges/s end`,
        reach: `>= ${REACH_ROWS}/s`,
        measured: `${median(rates).toFixed(0)}/s`,
        reached: median(rates) >= REACH_ROWS && rounds.every(({ lost }) => lost === 0),
      },
      {
        what: 'ledger: delay of the event loop meanwhile, p99',
        reach: `<= ${REACH_MS} ms`,
        measured: `${median(delays).toFixed(1)} ms`,
        reached: median(delays) <= REACH_MS,
      },
    ],
    details: rounds.map(detail),
  }
}

async function runRound(seconds: number): Promise<LedgerOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'corral-bench-ledger-'))
  try {
    const order: LedgerOrder = { folder, rowsPerSecond: OFFERED, seconds }
    return JSON.parse(await runProgram(process.execPath, [DRIVER, JSON.stringify(order)])) as LedgerOutcome
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function detail(round: LedgerOutcome): string {
  const { recorded, seconds, mostWaiting, lost, delayP50Ms, delayP99Ms, cpuUsPerRow, bytesPerRow } = round
  const delay = `delay p50 ${delayP50Ms.toFixed(1)} ms, p99 ${delayP99Ms.toFixed(1)} ms`
  const cost = `${cpuUsPerRow.toFixed(1)} us of CPU and ${bytesPerRow.toFixed(0)} bytes on the disk per row`
  return `- ${recorded} rows in ${seconds.toFixed(1)} s, at most ${mostWaiting} waiting, ${lost} lost; ${delay}; ${cost}`
}
