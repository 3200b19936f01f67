import { chunkCpu, type ChunkRound, chunkTable, describeChunks, runChunkRound } from '../parts/chunk-round.ts'
import { startCorral } from '../parts/gateway.ts'
import type { Bench, Row, RowResult } from '../parts/row.ts'
import { medianRatio } from '../parts/statistics.ts'
import { startTunnel } from '../parts/tunnel.ts'

const MOST = 1.5

export const tunnelChunks: Row = { name: 'tunnel-chunks', title: 'Relayed chunks through an agent', measure }

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  await using direct = await startCorral(stubUrl)
  await using tunnel = await startTunnel(stubUrl)
  const plan = quick ? { rounds: 1, windowMs: 3000 } : { rounds: 3, windowMs: 5000 }
  const rounds = { direct: [] as ChunkRound[], tunnel: [] as ChunkRound[] }
  // One after the other: both at once are more than two cores can do.
  if (!quick) for (const server of [direct, tunnel]) await runChunkRound(server, 2000)
  for (let i = 0; i < plan.rounds; i++) {
    rounds.direct.push(await runChunkRound(direct, plan.windowMs))
    rounds.tunnel.push(await runChunkRound(tunnel, plan.windowMs))
    const [near, far] = [rounds.direct.at(-1), rounds.tunnel.at(-1)].map(describeChunks)
    say(`round ${i + 1} of ${plan.rounds}: direct ${near}; agent ${far}`)
  }
  const ratio = medianRatio(rounds.tunnel.map(chunkCpu), rounds.direct.map(chunkCpu))
  return {
    measures: [
      {
        what: "gateway's CPU per chunk through an agent, 400 streams of 50 chunks/s",
        reach: `<= ${MOST} x the direct path`,
        measured: `${ratio.toFixed(2)} x`,
        reached: ratio <= MOST,
      },
    ],
    details: [...chunkTable('direct', rounds.direct), ...chunkTable('through an agent', rounds.tunnel)],
  }
}
