import { expect, it, onTestFinished } from 'vitest'
import { EVENT_NAMES, storm } from './storm.ts'
import { expectAllReturned } from './returned-slots.ts'
import { startStormyFleet } from './stormy-fleet.ts'

const EXCHANGES = Number(process.env['CORRAL_STORM_EXCHANGES'] ?? 50_000)
const SEED = Number(process.env['CORRAL_STORM_SEED'] ?? 20_261)

/** A guard against what hangs: with two cores to itself it takes some minutes. */
const LIMIT_MS = 1_800_000

/** What must have happened, or the rest would say nothing. */
const ENDINGS = [
  ...['whole 200', 'whole 500', 'whole 503 queue_full', 'whole 502 upstream_reset', 'whole 504 upstream_timeout'],
  ...['cut 200', 'left: waiting', 'left: first-byte', 'left: mid-answer', 'left: mid-body'],
  ...['fault: busy-503', 'fault: error-line', 'fault: reset-before-headers', 'fault: reset-mid-line'],
  ...['fault: stall-before-first-byte', 'fault: stall-mid-stream', 'fault: clean-end', 'fault: stall-upload'],
]

it(
  `keeps no slot and nobody waiting after exchanges with random endings (seed ${SEED})`,
  async () => {
    const fleet = await startStormyFleet()
    onTestFinished(() => fleet[Symbol.asyncDispose]())
    const { tally, wrong } = await storm(fleet, { seed: SEED, exchanges: EXCHANGES, clients: 40, eventEvery: 500 })
    console.log(JSON.stringify(tally))
    expect(wrong).toEqual([])
    expect(tally['whole 200']).toBeGreaterThan(EXCHANGES / 3)
    expect([...ENDINGS, ...EVENT_NAMES].filter((name) => tally[name] === undefined)).toEqual([])
    await expectAllReturned(fleet)
  },
  LIMIT_MS,
)
