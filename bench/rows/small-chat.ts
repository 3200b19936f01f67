import { chatCpu, chatRate, type ChatRound, chatTable, describeChats, runChatRound } from '../parts/chat-round.ts'
import { startCorral } from '../parts/gateway.ts'
import { startNginx } from '../parts/nginx.ts'
import { type Bench, type Measure, notMeasured, type Row, type RowResult } from '../parts/row.ts'
import { medianRatio } from '../parts/statistics.ts'
import { findTool } from '../parts/tools.ts'

const CPU = 'small non-stream chat, 64 connections: CPU per request'
const RATE = 'small non-stream chat, 64 connections: requests/s'
const CPU_REACH = '<= 2.5 x nginx'
const RATE_REACH = '>= 0.55 x nginx'

export const smallChat: Row = { name: 'small-chat', title: 'Small chat', measure }

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  const wrk = findTool('wrk')
  if (wrk === null) return missing('wrk missing')
  await using corral = await startCorral(stubUrl)
  await using nginx = await startNginx(stubUrl, corral.key)
  const plan = quick ? { warmUpSeconds: 3, rounds: 5, seconds: 1 } : { warmUpSeconds: 6, rounds: 15, seconds: 2 }
  const rounds = { corral: [] as ChatRound[], nginx: [] as ChatRound[] }
  await runChatRound(corral, wrk, plan.warmUpSeconds)
  if (nginx !== null) await runChatRound(nginx, wrk, plan.warmUpSeconds)
  for (let i = 0; i < plan.rounds; i++) {
    rounds.corral.push(await runChatRound(corral, wrk, plan.seconds))
    if (nginx !== null) rounds.nginx.push(await runChatRound(nginx, wrk, plan.seconds))
    const [ours, theirs] = [rounds.corral.at(-1), rounds.nginx.at(-1)].map(describeChats)
    say(`round ${i + 1} of ${plan.rounds}: ${ours}; nginx ${theirs}`)
  }
  const details = [...chatTable('Corral', rounds.corral), ...chatTable('nginx', rounds.nginx)]
  return nginx === null ? { ...missing('nginx missing'), details } : { measures: compare(rounds), details }
}

function compare(rounds: { corral: readonly ChatRound[]; nginx: readonly ChatRound[] }): Measure[] {
  const cpu = medianRatio(rounds.corral.map(chatCpu), rounds.nginx.map(chatCpu))
  const rate = medianRatio(rounds.corral.map(chatRate), rounds.nginx.map(chatRate))
  return [
    { what: CPU, reach: CPU_REACH, measured: `${cpu.toFixed(2)} x`, reached: cpu <= 2.5 },
    { what: RATE, reach: RATE_REACH, measured: `${rate.toFixed(2)} x`, reached: rate >= 0.55 },
  ]
}

function missing(why: string): RowResult {
  return { measures: [notMeasured(CPU, CPU_REACH, why), notMeasured(RATE, RATE_REACH, why)], details: [] }
}
