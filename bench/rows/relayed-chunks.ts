import { chunkCpu, type ChunkRound, chunkTable, describeChunks, runChunkRound } from '../parts/chunk-round.ts'
import { startCorral } from '../parts/gateway.ts'
import { startNginx } from '../parts/nginx.ts'
import { type Bench, notMeasured, type Row, type RowResult } from '../parts/row.ts'
import { medianRatio } from '../parts/statistics.ts'

const WHAT = 'CPU per relayed chunk, 400 streams of 50 chunks/s'
const REACH = '<= 2 x nginx without buffering'

export const relayedChunks: Row = { name: 'relayed-chunks', title: 'Relayed chunks', measure }

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  await using corral = await startCorral(stubUrl)
  await using nginx = await startNginx(stubUrl, corral.key)
  const plan = quick ? { rounds: 1, windowMs: 3000 } : { rounds: 4, windowMs: 5000 }
  const rounds = { corral: [] as ChunkRound[], nginx: [] as ChunkRound[] }
  if (!quick) await runChunkRound(corral, plan.windowMs)
  for (let i = 0; i < plan.rounds; i++) {
    rounds.corral.push(await runChunkRound(corral, plan.windowMs))
    if (nginx !== null) rounds.nginx.push(await runChunkRound(nginx, plan.windowMs))
    const [ours, theirs] = [rounds.corral.at(-1), rounds.nginx.at(-1)].map(describeChunks)
    say(`round ${i + 1} of ${plan.rounds}: ${ours}; nginx ${theirs}`)
  }
  const details = [...chunkTable('Corral', rounds.corral), ...chunkTable('nginx', rounds.nginx)]
  if (nginx === null) return { measures: [notMeasured(WHAT, REACH, 'nginx missing')], details }
  const ratio = medianRatio(rounds.corral.map(chunkCpu), rounds.nginx.map(chunkCpu))
  return { measures: [{ what: WHAT, reach: REACH, measured: `${ratio.toFixed(2)} x`, reached: ratio <= 2 }], details }
}
