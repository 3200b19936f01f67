import { describeFirstTokens, FIRST_TOKEN_STREAMS, runFirstTokens } from '../parts/first-tokens.ts'
import { startCorral } from '../parts/gateway.ts'
import type { Bench, Row, RowResult } from '../parts/row.ts'
import { percentile } from '../parts/statistics.ts'
import { startTunnel } from '../parts/tunnel.ts'

const MOST_MS = 3

export const tunnelFirstToken: Row = {
  name: 'tunnel-first-token',
  title: 'Time to first token through an agent',
  measure,
}

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  await using direct = await startCorral(stubUrl)
  await using tunnel = await startTunnel(stubUrl)
  const plan = quick ? { rounds: 1, forMs: 2500 } : { rounds: 4, forMs: 3000 }
  const times = { direct: [] as number[], tunnel: [] as number[] }
  await runFirstTokens(direct, 1000)
  await runFirstTokens(tunnel, 1000)
  for (let i = 0; i < plan.rounds; i++) {
    times.direct.push(...(await runFirstTokens(direct, plan.forMs)))
    times.tunnel.push(...(await runFirstTokens(tunnel, plan.forMs)))
    say(`round ${i + 1} of ${plan.rounds}`)
  }
  const added = percentile(times.tunnel, 99) - percentile(times.direct, 99)
  return {
    measures: [
      {
        what: `added time to first token through an agent, ${FIRST_TOKEN_STREAMS} streams: p99`,
        reach: `<= ${MOST_MS} ms over the direct path`,
        measured: `${added.toFixed(2)} ms`,
        reached: added <= MOST_MS,
      },
    ],
    details: [describeFirstTokens('direct', times.direct), describeFirstTokens('through an agent', times.tunnel)],
  }
}
