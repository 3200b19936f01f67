import { setTimeout as sleep } from 'node:timers/promises'
import { type MeasuredServer, startCorral } from '../parts/gateway.ts'
import { startNginx } from '../parts/nginx.ts'
import { cpuSince, cpuTime } from '../parts/process-usage.ts'
import { type Bench, type Measure, notMeasured, type Row, type RowResult } from '../parts/row.ts'
import { median, medianRatio } from '../parts/statistics.ts'
import { findTool } from '../parts/tools.ts'
import { chatBody } from '../parts/workload.ts'
import { runWrk } from '../parts/wrk.ts'

interface Round {
  readonly perSecond: number
  /** Microseconds for each request. */
  readonly userUs: number
  readonly systemUs: number
}

const CPU = 'small non-stream chat, 64 connections: CPU per request'
const RATE = 'small non-stream chat, 64 connections: requests/s'
const CPU_REACH = '<= 2.5 x nginx'
const RATE_REACH = '>= 0.55 x nginx'
/** A request log line of nothing is shorter. */
const LEAST_LOG_LINE = 50

export const smallChat: Row = { name: 'small-chat', title: 'Small chat', measure }

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  const wrk = findTool('wrk')
  if (wrk === null) return missing('wrk missing')
  await using corral = await startCorral(stubUrl)
  await using nginx = await startNginx(stubUrl, corral.key)
  const plan = quick ? { warmUpSeconds: 3, rounds: 5, seconds: 1 } : { warmUpSeconds: 6, rounds: 15, seconds: 2 }
  const rounds = { corral: [] as Round[], nginx: [] as Round[] }
  await runRound(corral, wrk, plan.warmUpSeconds)
  if (nginx !== null) await runRound(nginx, wrk, plan.warmUpSeconds)
  for (let i = 0; i < plan.rounds; i++) {
    rounds.corral.push(await runRound(corral, wrk, plan.seconds))
    if (nginx !== null) rounds.nginx.push(await runRound(nginx, wrk, plan.seconds))
    say(`round ${i + 1} of ${plan.rounds}: ${describe(rounds.corral.at(-1))}; nginx ${describe(rounds.nginx.at(-1))}`)
  }
  const details = [...table('Corral', rounds.corral), ...table('nginx', rounds.nginx)]
  return nginx === null ? { ...missing('nginx missing'), details } : { measures: compare(rounds), details }
}

async function runRound(server: MeasuredServer, wrk: string, seconds: number): Promise<Round> {
  const body = chatBody({ stream: false, seed: 1, chunks: 6 })
  const loggedBefore = server.logBytes()
  const before = cpuTime(server.pid)
  const { requests, perSecond } = await runWrk({ wrk, target: server, body, seconds })
  const { userUs, systemUs } = cpuSince(before, server.pid)
  await sleep(LOG_PAUSE_MS)
  if (server.logBytes() - loggedBefore < requests * LEAST_LOG_LINE) throw new Error('Requests are missing in the log')
  return { perSecond, userUs: userUs / requests, systemUs: systemUs / requests }
}

/** The gateway writes its log in batches, five times a second. */
const LOG_PAUSE_MS = 300

function compare(rounds: { corral: readonly Round[]; nginx: readonly Round[] }): Measure[] {
  const cpu = medianRatio(rounds.corral.map(total), rounds.nginx.map(total))
  const rate = medianRatio(rounds.corral.map(perSecond), rounds.nginx.map(perSecond))
  return [
    { what: CPU, reach: CPU_REACH, measured: `${cpu.toFixed(2)} x`, reached: cpu <= 2.5 },
    { what: RATE, reach: RATE_REACH, measured: `${rate.toFixed(2)} x`, reached: rate >= 0.55 },
  ]
}

function missing(why: string): RowResult {
  return { measures: [notMeasured(CPU, CPU_REACH, why), notMeasured(RATE, RATE_REACH, why)], details: [] }
}

function total({ userUs, systemUs }: Round): number {
  return userUs + systemUs
}

function perSecond(round: Round): number {
  return round.perSecond
}

function describe(round: Round | undefined): string {
  if (round === undefined) return 'not measured'
  const { userUs, systemUs, perSecond } = round
  return `${total(round).toFixed(1)} us (user ${userUs.toFixed(1)}, system ${systemUs.toFixed(1)}), ${perSecond.toFixed(0)}/s`
}

function table(name: string, rounds: readonly Round[]): string[] {
  if (rounds.length === 0) return []
  const middle: Round = {
    userUs: median(rounds.map((each) => each.userUs)),
    systemUs: median(rounds.map((each) => each.systemUs)),
    perSecond: median(rounds.map(perSecond)),
  }
  const totals = rounds.map((each) => total(each).toFixed(1)).join(', ')
  return [`- ${name}: medians ${describe(middle)}; CPU per request of each round: ${totals} us`]
}
