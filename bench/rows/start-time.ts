import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateway } from '../../test/system/harness/start-gateway.ts'
import type { Bench, Measure, Row, RowResult } from '../parts/row.ts'
import { median } from '../parts/statistics.ts'
import { timeToReady } from '../parts/time-to-ready.ts'

const COLD_MS = 800
const WARM_MS = 500

export const startTime: Row = { name: 'start', title: 'Start to ready', measure }

/** Of a gateway that has been set up before: its store is there, and a key in it. */
async function measure({ quick, stubUrl, say }: Bench): Promise<RowResult> {
  const folder = await mkdtemp(join(tmpdir(), 'corral-bench-start-'))
  try {
    const config = { upstreams: [{ name: 'stub', url: stubUrl }] }
    const first = await startGateway({ folder, config })
    await first.stop()
    const warmCache = join(folder, 'cache-warm')
    await timeToReady(first.configFile, warmCache)
    const times = { cold: [] as number[], warm: [] as number[] }
    const rounds = quick ? 3 : 7
    for (let i = 0; i < rounds; i++) {
      times.cold.push(await timeToReady(first.configFile, join(folder, `cache-${i}`)))
      times.warm.push(await timeToReady(first.configFile, warmCache))
    }
    say(`${rounds} rounds`)
    return {
      measures: [judge('cold', times.cold, COLD_MS), judge('with a warm compile cache', times.warm, WARM_MS)],
      details: [list('cold', times.cold), list('warm', times.warm)],
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function judge(how: string, times: readonly number[], limitMs: number): Measure {
  const middle = median(times)
  return {
    what: `start to ready, ${how}`,
    reach: `<= ${limitMs} ms`,
    measured: `${middle.toFixed(0)} ms`,
    reached: middle <= limitMs,
  }
}

function list(name: string, times: readonly number[]): string {
  return `- ${name}: ${times.map((time) => time.toFixed(0)).join(', ')} ms`
}
