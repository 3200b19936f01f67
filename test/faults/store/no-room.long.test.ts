import { describe, expect, it } from 'vitest'
import { ledgerStatus, untilLedger } from '../../system/ledger/books.ts'
import { startOnDisk, type TroubledStore } from './troubled-store.ts'
import { tightDisks } from './tight-disk.ts'

/** More than find room in memory: 20,000 rows, beside the group that is being written. */
const REQUESTS = 20_500
const CLIENTS = 24

/** Booked as well, and soon over. */
async function askForNothing({ gateway, memberKey }: TroubledStore): Promise<void> {
  const headers = { authorization: `Bearer ${memberKey}` }
  const body = '{"model":"nobody-has-it"}'
  const answer = await fetch(`${gateway.url}/api/chat`, { method: 'POST', headers, body })
  await answer.arrayBuffer()
  if (answer.status !== 404) throw new Error(`answered with ${answer.status}`)
}

async function askOften(scene: TroubledStore): Promise<void> {
  let left = REQUESTS
  const client = async (): Promise<void> => {
    while (left-- > 0) await askForNothing(scene)
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
}

describe.each(Object.entries(tightDisks))('on %s', (name, openDisk) => {
  it('rows that found no room in memory either are counted, told while it lasts, and noted in the store', async (context) => {
    await using disk = await openDisk()
    if (disk === undefined) return context.skip(`${name} cannot be had`)
    await using scene = await startOnDisk(disk, 'best-effort')
    const { gateway, key } = scene
    await disk.fill(gateway.pid)
    await askOften(scene)
    const { lost, waiting, written } = await ledgerStatus(gateway)
    expect(lost).toBeGreaterThanOrEqual(100)
    expect(lost + waiting + written).toBe(REQUESTS)
    const status = ['status', '--once', '--server', gateway.url, '--key', key]
    expect((await gateway.cli(...status)).stdout).toMatch(
      new RegExp(`^ledger: not written for .*, ${lost} were lost$`, 'm'),
    )

    await disk.makeRoom(gateway.pid)
    await untilLedger(gateway, (facts) => facts.waiting === 0 && facts.failing_since === null)
    expect(await ledgerStatus(gateway)).toMatchObject({ lost, written: REQUESTS - lost })
    expect((await gateway.cli(...status)).stdout).toMatch(new RegExp(`^ledger: ${lost} rows were lost$`, 'm'))
    expect(await gateway.stop()).toBe(0)
    // Whoever reads the sums later hears of it too.
    const usage = await gateway.cli('usage', '--by', 'day', '--json')
    expect(usage.stderr).toBe(`These sums lack ${lost} exchanges, which could not be written when they were over\n`)
    expect(JSON.parse(usage.stdout)).toMatchObject([{ requests: REQUESTS - lost }])
  })
})
