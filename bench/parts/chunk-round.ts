import type { MeasuredServer } from './gateway.ts'
import { type CpuTime, cpuSince, cpuTime } from './process-usage.ts'
import { runStreams } from './run-streams.ts'
import { percentile } from './statistics.ts'

/** Many streams at once for a while. */
export interface ChunkRound {
  /** Microseconds for each chunk. */
  readonly userUs: number
  readonly systemUs: number
  /** Between two chunks of a stream, in milliseconds. */
  readonly gaps: readonly number[]
}

const STREAMS = 400
const CHUNKS_PER_SECOND = 50
const RAMP_MS = 1000
/** From the last stream's first chunk to the first stream's last one, beside what is measured. */
const MARGIN_MS = 2000

export async function runChunkRound(server: MeasuredServer, windowMs: number): Promise<ChunkRound> {
  const chunks = ((windowMs + RAMP_MS + MARGIN_MS) / 1000) * CHUNKS_PER_SECOND
  const order = { target: server, streams: STREAMS, chunks, rampMs: RAMP_MS, forMs: 0, windowMs }
  let before: { cpu: CpuTime; chunks: number } | undefined
  let round: ChunkRound | undefined
  await runStreams(order, (report) => {
    if (report.what === 'begin') before = { cpu: cpuTime(server.pid), chunks: report.chunks }
    if (report.what !== 'end' || before === undefined) return
    if (report.streams > 0) throw new Error(`${report.streams} of the streams were over before all of them flowed`)
    const { userUs, systemUs } = cpuSince(before.cpu, server.pid)
    const relayed = report.chunks - before.chunks
    round = { userUs: userUs / relayed, systemUs: systemUs / relayed, gaps: report.gaps }
  })
  if (round === undefined) throw new Error('The streams never all flowed')
  return round
}

export function chunkCpu({ userUs, systemUs }: ChunkRound): number {
  return userUs + systemUs
}

export function describeChunks(round: ChunkRound | undefined): string {
  if (round === undefined) return 'not measured'
  return `${chunkCpu(round).toFixed(1)} us (user ${round.userUs.toFixed(1)}, system ${round.systemUs.toFixed(1)})`
}

export function chunkTable(name: string, rounds: readonly ChunkRound[]): string[] {
  if (rounds.length === 0) return []
  const gaps = rounds.flatMap((each) => each.gaps)
  const [p50, p99] = [50, 99].map((percent) => percentile(gaps, percent).toFixed(1))
  const totals = rounds.map((each) => describeChunks(each)).join('; ')
  return [`- ${name}: ${totals}. Time between two chunks of a stream: p50 ${p50} ms, p99 ${p99} ms. Every byte checked`]
}
