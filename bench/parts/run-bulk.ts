import { join } from 'node:path'
import { startProgram } from './child-process.ts'
import type { Target } from './target.ts'

export interface BulkOrder {
  readonly target: Target
  /** Of 64 KiB. */
  readonly pieces: number
}

export interface BulkReport {
  /** Every byte was what the upstream sent. */
  readonly isWhole: boolean
  readonly bytesPerSecond: number
  /** When windows have grown to what they need. */
  readonly secondHalfBytesPerSecond: number
}

const DRIVER = join(import.meta.dirname, '../bulk-driver.ts')

/** One large answer. Throws where it was not whole. */
export async function runBulk(order: BulkOrder): Promise<BulkReport> {
  const { target, pieces } = order
  const plain: BulkOrder = { target: { url: target.url, key: target.key }, pieces }
  await using driver = startProgram(process.execPath, [DRIVER, JSON.stringify(plain)])
  const report = JSON.parse(await driver.nextLine()) as BulkReport
  if (!report.isWhole) throw new Error('A large answer was not what the upstream sent')
  return report
}
