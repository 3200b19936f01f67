import { describe, expect, it } from 'vitest'
import { eventually, startRoutedFleet, type RoutedFleet } from './routed-fleet.ts'

/** A prompt takes 40 ms, an answer 200 ms. */
const fake = { prefillTokensPerSecond: 200, tokensPerSecond: 100, answerTokens: 20 }
const CLIENTS = 8
const WITHIN = 20
const MOST_ROUNDS = 5

async function slotsOf({ status }: RoutedFleet<'a'>): Promise<number | null | undefined> {
  return (await status()).upstreams[0]?.loaded[0]?.slots
}

/** Clients who ask again as soon as they were answered, until so many were. */
async function ask({ chat }: RoutedFleet<'a'>, times: number): Promise<void> {
  let left = times
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      expect((await chat('m')).status).toBe(200)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
}

/** As a restart does it: behind the gateway's back. */
async function unload({ fakes, status }: RoutedFleet<'a'>): Promise<void> {
  const body = JSON.stringify({ model: 'm', keep_alive: 0 })
  const response = await fetch(`${fakes.a.url}/api/generate`, { method: 'POST', body })
  expect(response.status).toBe(200)
  await response.text()
  await eventually(async () => expect((await status()).upstreams[0]?.loaded).toEqual([]))
}

/** After one round on a quiet machine, which is held beside the learner; where this one stalls, that takes more. */
async function askUntilLearnt(fleet: RoutedFleet<'a'>, slots: number): Promise<void> {
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    await ask(fleet, WITHIN)
    if ((await slotsOf(fleet)) === slots) return
  }
  expect(await slotsOf(fleet)).toBe(slots)
}

describe('the slots of a model', () => {
  it.each([1, 2, 4])('are learnt while it is asked: %i', async (parallel) => {
    const fleet = await startRoutedFleet({ a: { fake: { ...fake, parallel } } })
    await askUntilLearnt(fleet, parallel)
    const { maxRunning } = fleet.fakes.a.counters.snapshot()
    // Health is asked for beside it, and one more is tried now and then.
    expect(maxRunning).toBeLessThanOrEqual(parallel + 4)
  })

  it('are learnt again after a restart with another number', async () => {
    const fleet = await startRoutedFleet({ a: { fake: { ...fake, parallel: 1 } } })
    await ask(fleet, WITHIN)
    for (const parallel of [4, 2]) {
      fleet.fakes.a.setParallel(parallel)
      await unload(fleet)
      await askUntilLearnt(fleet, parallel)
    }
  })

  it('that are stated are believed', async () => {
    const fleet = await startRoutedFleet({ a: { fake: { ...fake, parallel: 4 }, config: { slots: 2 } } })
    await ask(fleet, WITHIN)
    expect(await slotsOf(fleet)).toBe(2)
    expect(fleet.fakes.a.counters.snapshot().maxRunning).toBeLessThanOrEqual(2 + 4)
  })
})
