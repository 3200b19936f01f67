import { type MeasuredServer, startCorral } from '../parts/gateway.ts'
import type { Bench, Measure, Row, RowResult } from '../parts/row.ts'
import { type BulkReport, runBulk } from '../parts/run-bulk.ts'
import { median } from '../parts/statistics.ts'
import type { Target } from '../parts/target.ts'
import { startLongLine, startTunnel } from '../parts/tunnel.ts'

const MB = 1_000_000
const LEAST_MB = { loopback: 80, line: 25 }
const ROUND_TRIP_MS = 100

export const tunnelBulk: Row = { name: 'tunnel-bulk', title: 'Large answers through an agent', measure }

interface Path {
  readonly name: string
  readonly target: Target
  readonly pieces: number
  readonly reports: BulkReport[]
}

async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  await using direct = await startCorral(stubUrl)
  await using tunnel = await startTunnel(stubUrl)
  await using sse = await startTunnel(stubUrl, { transport: 'sse' })
  await using far = await startTunnel(stubUrl, { roundTripMs: ROUND_TRIP_MS })
  await using line = await startLongLine(direct.url, ROUND_TRIP_MS)
  const near = quick ? 1000 : 4000
  const long = quick ? 1000 : 2500
  const path = (name: string, { url, key }: Target, pieces: number): Path => ({
    name,
    target: { url, key },
    pieces,
    reports: [],
  })
  const paths = {
    direct: path('direct', direct, near),
    ws: path('through an agent, WebSocket', tunnel, near),
    sse: path('through an agent, SSE and POST', sse, near / 4),
    far: path(`through an agent, WebSocket over a line of ${ROUND_TRIP_MS} ms`, far, long),
    line: path('direct, the client at the far end of such a line', onLine(direct, line.url), long),
  }
  for (let i = 0; i < (quick ? 1 : 3); i++) {
    for (const each of Object.values(paths)) {
      each.reports.push(await runBulk(each))
      say(`${each.name}: ${describe(each.reports.at(-1))}`)
    }
  }
  return {
    measures: [
      judge('large answer through an agent', LEAST_MB.loopback, paths.ws.reports.map(whole)),
      judge(
        `large answer through an agent, ${ROUND_TRIP_MS} ms there and back, second half`,
        LEAST_MB.line,
        paths.far.reports.map(secondHalf),
      ),
    ],
    details: Object.values(paths).map(
      ({ name, pieces, reports }) =>
        `- ${name}, ${pieces} x 64 KiB: ${reports.map(describe).join('; ')}. Every byte checked`,
    ),
  }
}

function onLine(server: MeasuredServer, url: string): Target {
  return { url, key: server.key }
}

function judge(what: string, leastMb: number, rates: readonly number[]): Measure {
  const rate = median(rates) / MB
  return { what, reach: `>= ${leastMb} MB/s`, measured: `${rate.toFixed(0)} MB/s`, reached: rate >= leastMb }
}

function whole({ bytesPerSecond }: BulkReport): number {
  return bytesPerSecond
}

function secondHalf({ secondHalfBytesPerSecond }: BulkReport): number {
  return secondHalfBytesPerSecond
}

function describe(report: BulkReport | undefined): string {
  if (report === undefined) return 'not measured'
  return `${(whole(report) / MB).toFixed(0)} MB/s (second half ${(secondHalf(report) / MB).toFixed(0)})`
}
