import { startCorral } from '../parts/gateway.ts'
import type { Bench, Row, RowResult } from '../parts/row.ts'
import { runStreams } from '../parts/run-streams.ts'
import { percentile } from '../parts/statistics.ts'
import type { Target } from '../parts/target.ts'

const STREAMS = 32
const CHUNKS = 15
const REACH = { p50: 0.5, p99: 2 }

export const firstToken: Row = { name: 'first-token', title: 'Time to first token', measure }

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  await using corral = await startCorral(stubUrl)
  const direct: Target = { url: stubUrl, key: null }
  const plan = quick ? { rounds: 1, forMs: 2500 } : { rounds: 5, forMs: 3000 }
  const times = { direct: [] as number[], through: [] as number[] }
  await runRound(corral, 1000)
  for (let i = 0; i < plan.rounds; i++) {
    times.direct.push(...(await runRound(direct, plan.forMs)))
    times.through.push(...(await runRound(corral, plan.forMs)))
    say(`round ${i + 1} of ${plan.rounds}`)
  }
  const added = (percent: number): number => percentile(times.through, percent) - percentile(times.direct, percent)
  const measures = (['p50', 'p99'] as const).map((name) => {
    const value = added(Number(name.slice(1)))
    const what = `added time to first token, ${STREAMS} streams: ${name}`
    return {
      what,
      reach: `<= ${REACH[name]} ms over direct`,
      measured: `${value.toFixed(2)} ms`,
      reached: value <= REACH[name],
    }
  })
  return { measures, details: [describe('direct', times.direct), describe('through', times.through)] }
}

async function runRound(target: Target, forMs: number): Promise<readonly number[]> {
  const order = { target, streams: STREAMS, chunks: CHUNKS, rampMs: 300, forMs, windowMs: null }
  return (await runStreams(order, () => {})).firstTokens
}

function describe(name: string, times: readonly number[]): string {
  const [p50, p90, p99] = [50, 90, 99].map((percent) => percentile(times, percent).toFixed(2))
  return `- ${name}: ${times.length} streams, p50 ${p50} ms, p90 ${p90} ms, p99 ${p99} ms`
}
