import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startProgram } from './parts/child-process.ts'
import { describeMachine, foreignShare, machineTicks } from './parts/machine.ts'
import { type MeasuredRow, percent, resultsPage } from './parts/results-page.ts'
import type { Bench, Row } from './parts/row.ts'
import { findTool } from './parts/tools.ts'
import { bodyPeek } from './rows/body-peek.ts'
import { cacheHit } from './rows/cache-hit.ts'
import { consolePage } from './rows/console-page.ts'
import { firstToken } from './rows/first-token.ts'
import { ledger } from './rows/ledger.ts'
import { memory } from './rows/memory.ts'
import { relayedChunks } from './rows/relayed-chunks.ts'
import { smallChat } from './rows/small-chat.ts'
import { startTime } from './rows/start-time.ts'
import { tunnelBulk } from './rows/tunnel-bulk.ts'
import { tunnelChat } from './rows/tunnel-chat.ts'
import { tunnelChunks } from './rows/tunnel-chunks.ts'
import { tunnelFirstToken } from './rows/tunnel-first-token.ts'
import { tunnelIdle } from './rows/tunnel-idle.ts'
import { usage } from './rows/usage.ts'

const ROWS: readonly Row[] = [
  smallChat,
  relayedChunks,
  firstToken,
  memory,
  startTime,
  bodyPeek,
  cacheHit,
  ledger,
  usage,
  consolePage,
  tunnelChat,
  tunnelChunks,
  tunnelFirstToken,
  tunnelBulk,
  tunnelIdle,
]
const RESULTS = join(import.meta.dirname, 'RESULTS.md')
const STUB = join(import.meta.dirname, 'upstream-stub.ts')
const QUIET_LOOK_MS = 2000

const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } } })
const chosen = ROWS.filter((row) => values.only === undefined || row.name === values.only)

if (process.platform !== 'linux') {
  fail('The bench reads CPU time and memory from /proc: it needs Linux')
} else if (chosen.length === 0) {
  fail(`There is no row "${values.only}"; there are ${ROWS.map((row) => row.name).join(', ')}`)
} else {
  await run(chosen)
}

async function run(rows: readonly Row[]): Promise<void> {
  const facts = [`${describeMachine()}, ${nginxVersion()}, ${new Date().toISOString().slice(0, 10)}`]
  facts.push(`others used ${percent(await restingShare())} of the machine before the run`)
  await using stub = startProgram(process.execPath, [STUB])
  const stubUrl = await stub.nextLine()
  const measured: MeasuredRow[] = []
  for (const row of rows) {
    console.error(`${row.title} ...`)
    const say = (line: string): void => console.error(`  ${line}`)
    measured.push(await measureRow(row, { quick: values.quick, stubUrl, say }))
  }
  facts.push(`and ${percent(await restingShare())} after it`)
  const page = resultsPage(measured, facts)
  console.log(page)
  // Only what was measured whole and with patience is kept.
  if (!values.quick && values.only === undefined) writeFileSync(RESULTS, page)
}

async function measureRow(row: Row, bench: Bench): Promise<MeasuredRow> {
  const before = machineTicks()
  const result = await row.measure(bench)
  return { title: row.title, result, foreignShare: foreignShare(before, machineTicks()) }
}

async function restingShare(): Promise<number> {
  const before = machineTicks()
  await sleep(QUIET_LOOK_MS)
  return foreignShare(before, machineTicks())
}

function nginxVersion(): string {
  const nginx = findTool('nginx')
  if (nginx === null) return 'no nginx'
  // It tells its version on stderr.
  const said = execFileSync('/bin/sh', ['-c', '"$0" -v 2>&1', nginx], { encoding: 'utf8' })
  return said.replace('nginx version: ', '').trim()
}

function fail(sentence: string): void {
  console.error(sentence)
  process.exitCode = 1
}
