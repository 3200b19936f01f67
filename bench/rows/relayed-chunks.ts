import { type MeasuredServer, startCorral } from '../parts/gateway.ts'
import { startNginx } from '../parts/nginx.ts'
import { type CpuTime, cpuSince, cpuTime } from '../parts/process-usage.ts'
import { type Bench, notMeasured, type Row, type RowResult } from '../parts/row.ts'
import { runStreams } from '../parts/run-streams.ts'
import { medianRatio, percentile } from '../parts/statistics.ts'

interface Round {
  /** Microseconds for each chunk. */
  readonly userUs: number
  readonly systemUs: number
  readonly gaps: readonly number[]
}

const WHAT = 'CPU per relayed chunk, 400 streams of 50 chunks/s'
const REACH = '<= 2 x nginx without buffering'
const STREAMS = 400
const CHUNKS_PER_SECOND = 50
const RAMP_MS = 1000

export const relayedChunks: Row = { name: 'relayed-chunks', title: 'Relayed chunks', measure }

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  await using corral = await startCorral(stubUrl)
  await using nginx = await startNginx(stubUrl, corral.key)
  const plan = quick ? { rounds: 1, windowMs: 3000 } : { rounds: 4, windowMs: 5000 }
  const rounds = { corral: [] as Round[], nginx: [] as Round[] }
  if (!quick) await runRound(corral, plan.windowMs)
  for (let i = 0; i < plan.rounds; i++) {
    rounds.corral.push(await runRound(corral, plan.windowMs))
    if (nginx !== null) rounds.nginx.push(await runRound(nginx, plan.windowMs))
    say(`round ${i + 1} of ${plan.rounds}: ${describe(rounds.corral.at(-1))}; nginx ${describe(rounds.nginx.at(-1))}`)
  }
  const details = [...table('Corral', rounds.corral), ...table('nginx', rounds.nginx)]
  if (nginx === null) return { measures: [notMeasured(WHAT, REACH, 'nginx missing')], details }
  const ratio = medianRatio(rounds.corral.map(total), rounds.nginx.map(total))
  return { measures: [{ what: WHAT, reach: REACH, measured: `${ratio.toFixed(2)} x`, reached: ratio <= 2 }], details }
}

async function runRound(server: MeasuredServer, windowMs: number): Promise<Round> {
  const chunks = ((windowMs + RAMP_MS + MARGIN_MS) / 1000) * CHUNKS_PER_SECOND
  const order = { target: server, streams: STREAMS, chunks, rampMs: RAMP_MS, forMs: 0, windowMs }
  let before: { cpu: CpuTime; chunks: number } | undefined
  let round: Round | undefined
  await runStreams(order, (report) => {
    if (report.what === 'begin') before = { cpu: cpuTime(server.pid), chunks: report.chunks }
    if (report.what !== 'end' || before === undefined) return
    const { userUs, systemUs } = cpuSince(before.cpu, server.pid)
    const relayed = report.chunks - before.chunks
    round = { userUs: userUs / relayed, systemUs: systemUs / relayed, gaps: report.gaps }
  })
  if (round === undefined) throw new Error('The streams never all flowed')
  return round
}

/** From the last stream's first chunk to the first stream's last one, beside what is measured. */
const MARGIN_MS = 2000

function total({ userUs, systemUs }: Round): number {
  return userUs + systemUs
}

function describe(round: Round | undefined): string {
  if (round === undefined) return 'not measured'
  return `${total(round).toFixed(1)} us (user ${round.userUs.toFixed(1)}, system ${round.systemUs.toFixed(1)})`
}

function table(name: string, rounds: readonly Round[]): string[] {
  if (rounds.length === 0) return []
  const gaps = rounds.flatMap((each) => each.gaps)
  const [p50, p99] = [50, 99].map((percent) => percentile(gaps, percent).toFixed(1))
  const totals = rounds.map((each) => describe(each)).join('; ')
  return [`- ${name}: ${totals}. Time between two chunks of a stream: p50 ${p50} ms, p99 ${p99} ms. Every byte checked`]
}
