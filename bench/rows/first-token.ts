import { describeFirstTokens, FIRST_TOKEN_STREAMS, runFirstTokens } from '../parts/first-tokens.ts'
import { startCorral } from '../parts/gateway.ts'
import type { Bench, Row, RowResult } from '../parts/row.ts'
import { percentile } from '../parts/statistics.ts'
import type { Target } from '../parts/target.ts'

const REACH = { p50: 0.5, p99: 2 }

export const firstToken: Row = { name: 'first-token', title: 'Time to first token', measure }

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  await using corral = await startCorral(stubUrl)
  const direct: Target = { url: stubUrl, key: null }
  const plan = quick ? { rounds: 1, forMs: 2500 } : { rounds: 5, forMs: 3000 }
  const times = { direct: [] as number[], through: [] as number[] }
  await runFirstTokens(corral, 1000)
  for (let i = 0; i < plan.rounds; i++) {
    times.direct.push(...(await runFirstTokens(direct, plan.forMs)))
    times.through.push(...(await runFirstTokens(corral, plan.forMs)))
    say(`round ${i + 1} of ${plan.rounds}`)
  }
  const added = (percent: number): number => percentile(times.through, percent) - percentile(times.direct, percent)
  const measures = (['p50', 'p99'] as const).map((name) => {
    const value = added(Number(name.slice(1)))
    const what = `added time to first token, ${FIRST_TOKEN_STREAMS} streams: ${name}`
    return {
      what,
      reach: `<= ${REACH[name]} ms over direct`,
      measured: `${value.toFixed(2)} ms`,
      reached: value <= REACH[name],
    }
  })
  return {
    measures,
    details: [describeFirstTokens('direct', times.direct), describeFirstTokens('through', times.through)],
  }
}
