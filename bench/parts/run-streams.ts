import { join } from 'node:path'
import { startProgram } from './child-process.ts'
import type { StreamOrder, StreamReport } from './stream-order.ts'

const DRIVER = join(import.meta.dirname, '../stream-driver.ts')

/** Has the driver do what is ordered; `heard` gets each report as it comes. Throws where a stream was not whole. */
export async function runStreams(order: StreamOrder, heard: (report: StreamReport) => void): Promise<StreamReport> {
  await using driver = startProgram(process.execPath, [DRIVER, JSON.stringify(order)])
  for (;;) {
    const report = JSON.parse(await driver.nextLine()) as StreamReport
    heard(report)
    if (report.what !== 'done') continue
    if (report.broken > 0)
      throw new Error(`${report.broken} of ${report.streams} streams were not what the upstream sent`)
    return report
  }
}
