import { expect, it, onTestFinished } from 'vitest'
import { expectAllReturned } from './returned-slots.ts'
import { storm } from './storm.ts'
import { startStormyFleet } from './stormy-fleet.ts'

/** `endings.long.test.ts` has 25 times as many. */
const EXCHANGES = 2_000
/** A guard against what hangs: it takes some seconds. */
const LIMIT_MS = 120_000

it(
  'keeps no slot and nobody waiting after exchanges with random endings',
  async () => {
    const seed = 1
    const fleet = await startStormyFleet()
    onTestFinished(() => fleet[Symbol.asyncDispose]())
    const { tally, wrong } = await storm(fleet, { seed, exchanges: EXCHANGES, clients: 40, eventEvery: 250 })
    expect(wrong, `seed ${seed}`).toEqual([])
    expect(tally['whole 200'], JSON.stringify(tally)).toBeGreaterThan(EXCHANGES / 3)
    await expectAllReturned(fleet)
  },
  LIMIT_MS,
)
