import { chatCpu, chatRate, type ChatRound, chatTable, describeChats, runChatRound } from '../parts/chat-round.ts'
import { startCorral } from '../parts/gateway.ts'
import { type Bench, notMeasured, type Row, type RowResult } from '../parts/row.ts'
import { medianRatio } from '../parts/statistics.ts'
import { findTool } from '../parts/tools.ts'
import { startTunnel } from '../parts/tunnel.ts'

const WHAT = 'small chat through an agent, 64 connections: requests/s'
const LEAST = 0.6
const REACH = `>= ${LEAST} x the direct path`
const OTHER = notMeasured('small chat through a generic tunnel in place of the agent', 'for comparison', 'see above')

export const tunnelChat: Row = { name: 'tunnel-chat', title: 'Small chat through an agent', measure }

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  const wrk = findTool('wrk')
  if (wrk === null) return { measures: [notMeasured(WHAT, REACH, 'wrk missing'), OTHER], details: [] }
  await using direct = await startCorral(stubUrl)
  await using tunnel = await startTunnel(stubUrl)
  const plan = quick ? { warmUpSeconds: 2, rounds: 3, seconds: 1 } : { warmUpSeconds: 5, rounds: 9, seconds: 2 }
  const rounds = { direct: [] as ChatRound[], tunnel: [] as ChatRound[] }
  await runChatRound(direct, wrk, plan.warmUpSeconds)
  await runChatRound(tunnel, wrk, plan.warmUpSeconds)
  for (let i = 0; i < plan.rounds; i++) {
    rounds.direct.push(await runChatRound(direct, wrk, plan.seconds))
    rounds.tunnel.push(await runChatRound(tunnel, wrk, plan.seconds))
    const [near, far] = [rounds.direct.at(-1), rounds.tunnel.at(-1)].map(describeChats)
    say(`round ${i + 1} of ${plan.rounds}: direct ${near}; agent ${far}`)
  }
  const rate = medianRatio(rounds.tunnel.map(chatRate), rounds.direct.map(chatRate))
  const cpu = medianRatio(rounds.tunnel.map(chatCpu), rounds.direct.map(chatCpu))
  return {
    measures: [{ what: WHAT, reach: REACH, measured: `${rate.toFixed(2)} x`, reached: rate >= LEAST }, OTHER],
    details: [
      ...chatTable('direct', rounds.direct),
      ...chatTable('through an agent', rounds.tunnel),
      `- CPU of the gateway per request: ${cpu.toFixed(2)} x the direct path; agent, stub and driver share the cores with it`,
    ],
  }
}
