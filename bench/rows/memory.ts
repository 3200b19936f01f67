import { join } from 'node:path'
import { startProgram } from '../parts/child-process.ts'
import { startCorral } from '../parts/gateway.ts'
import { residentBytes } from '../parts/process-usage.ts'
import type { RequestOrder, RequestReport } from '../parts/request-order.ts'
import { type Bench, type Measure, notMeasured, type Row, type RowResult } from '../parts/row.ts'
import { runStreams } from '../parts/run-streams.ts'
import { slope } from '../parts/statistics.ts'
import type { Target } from '../parts/target.ts'

const DRIVER = join(import.meta.dirname, '../request-driver.ts')
const MB = 1024 * 1024
const STREAMS = 400
const REACH_MB = 160
/** In 100,000 requests; less is the heap's own breathing. */
const FLAT_MB = 10
const GROWTH = 'memory: growth over 100,000 requests, 5 % given up'
const GROWTH_REACH = `flat (within ${FLAT_MB} MB)`

export const memory: Row = { name: 'memory', title: 'Memory', measure }

async function measure(bench: Bench): Promise<RowResult> {
  const streams = await atStreams(bench)
  const requests = await overRequests(bench)
  return { measures: [streams, requests.measure], details: requests.details }
}

async function atStreams({ quick, stubUrl }: Bench): Promise<Measure> {
  await using corral = await startCorral(stubUrl)
  const windowMs = quick ? 2000 : 5000
  let most = 0
  const sampler = setInterval(() => (most = Math.max(most, residentBytes(corral.pid))), 200)
  const order = { target: corral, streams: STREAMS, chunks: (windowMs + 2500) / 20, rampMs: 500, forMs: 0, windowMs }
  await runStreams(order, () => {}).finally(() => clearInterval(sampler))
  const measured = `${(most / MB).toFixed(0)} MB`
  return {
    what: `memory: most resident at ${STREAMS} streams`,
    reach: `<= ${REACH_MB} MB`,
    measured,
    reached: most <= REACH_MB * MB,
  }
}

async function overRequests({ quick, stubUrl, say }: Bench): Promise<{ measure: Measure; details: string[] }> {
  // Fewer requests than fill the heap would show nothing but that.
  if (quick) return { measure: notMeasured(GROWTH, GROWTH_REACH, 'takes a full run'), details: [] }
  await using corral = await startCorral(stubUrl)
  const step = 5000
  // The first ones fill the heap up to its first full collection, the code caches and the pools.
  const warmUp = 40 * step
  const requests = warmUp + 20 * step
  const points: { x: number; y: number }[] = []
  await sendRequests(corral, { requests, reportEvery: step }, ({ over, failed }) => {
    if (failed > 0) throw new Error(`${failed} of ${over} requests failed`)
    points.push({ x: over, y: residentBytes(corral.pid) / MB })
    if (over % (20 * step) === 0) say(`${over} of ${requests} requests`)
  })
  const after = points.filter(({ x }) => x >= warmUp)
  const growth = slope(after) * 100_000
  const measured = `${growth >= 0 ? '+' : ''}${growth.toFixed(1)} MB`
  const path = points.filter((_, index) => index % 2 === 1).map(({ x, y }) => `${x / 1000}k ${y.toFixed(0)}`)
  return {
    measure: { what: GROWTH, reach: GROWTH_REACH, measured, reached: growth <= FLAT_MB },
    details: [`- resident MB by requests: ${path.join(', ')}; the slope counts from ${warmUp / 1000}k on`],
  }
}

async function sendRequests(
  target: Target,
  size: { requests: number; reportEvery: number },
  heard: (report: RequestReport) => void,
): Promise<void> {
  const order: RequestOrder = { target: { url: target.url, key: target.key }, connections: 64, abortEvery: 20, ...size }
  await using driver = startProgram(process.execPath, [DRIVER, JSON.stringify(order)])
  for (let over = 0; over < size.requests; ) {
    const report = JSON.parse(await driver.nextLine()) as RequestReport
    heard(report)
    over = report.over
  }
}
