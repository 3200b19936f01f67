import { chatRate, type ChatRound, chatTable, describeChats, runChatRound } from '../parts/chat-round.ts'
import { measured, type MeasuredServer, startLogged, STUB_SLOTS } from '../parts/gateway.ts'
import { startNginx } from '../parts/nginx.ts'
import { type Bench, notMeasured, type Row, type RowResult } from '../parts/row.ts'
import { medianRatio } from '../parts/statistics.ts'
import { findTool } from '../parts/tools.ts'
import { chatBody } from '../parts/workload.ts'

const RATE = 'small non-stream chat out of the cache, 64 connections: requests/s'
const REACH = '>= 0.6 x nginx, which asks the stub'

export const cacheHit: Row = { name: 'cache-hit', title: 'Cache hits', measure }

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  const wrk = findTool('wrk')
  if (wrk === null) return { measures: [notMeasured(RATE, REACH, 'wrk missing')], details: [] }
  await using corral = await startCaching(stubUrl)
  await using nginx = await startNginx(stubUrl, corral.key)
  if (nginx === null) return { measures: [notMeasured(RATE, REACH, 'nginx missing')], details: [] }
  const plan = quick ? { warmUpSeconds: 3, rounds: 5, seconds: 1 } : { warmUpSeconds: 6, rounds: 15, seconds: 2 }
  const rounds = { corral: [] as ChatRound[], nginx: [] as ChatRound[] }
  for (const server of [corral, nginx]) await runChatRound(server, wrk, plan.warmUpSeconds)
  await expectHit(corral)
  for (let i = 0; i < plan.rounds; i++) {
    const [ours, theirs] = [await runChatRound(corral, wrk, plan.seconds), await runChatRound(nginx, wrk, plan.seconds)]
    rounds.corral.push(ours)
    rounds.nginx.push(theirs)
    say(`round ${i + 1} of ${plan.rounds}: ${describeChats(ours)}; nginx ${describeChats(theirs)}`)
  }
  const rate = medianRatio(rounds.corral.map(chatRate), rounds.nginx.map(chatRate))
  return {
    measures: [{ what: RATE, reach: REACH, measured: `${rate.toFixed(2)} x`, reached: rate >= 0.6 }],
    details: [...chatTable('Corral', rounds.corral), ...chatTable('nginx', rounds.nginx)],
  }
}

async function startCaching(stubUrl: string): Promise<MeasuredServer> {
  const upstreams = [{ name: 'stub', url: stubUrl, slots: STUB_SLOTS }]
  return measured(await startLogged({ upstreams, cache: { mode: 'deterministic' } }))
}

/** What is measured is what it says. */
async function expectHit({ url, key }: MeasuredServer): Promise<void> {
  const response = await fetch(`${url}/api/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: chatBody({ stream: false, seed: 1, chunks: 6 }),
  })
  await response.arrayBuffer()
  if (response.headers.get('corral-cache') !== 'hit') throw new Error('The answer does not come out of the cache')
}
