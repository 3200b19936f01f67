import { expect, it } from 'vitest'
import { type Arrival, CheckedFleet, smallFleet } from './__fixtures__/checked-fleet.ts'
import { OPTIONS } from './__fixtures__/dispatch-bed.ts'

const EXCHANGES = 50_000

it('gives every slot back once, after fifty thousand exchanges that end in every way', () => {
  const fleet = new CheckedFleet(smallFleet(2), { ...OPTIONS, maxLength: 40, maxWaitMs: 60_000 })
  const random = createRandom(7)
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)]
  for (let exchange = 0; exchange < EXCHANGES; exchange += 1) {
    fleet.arrive(anArrival(random, pick))
    fleet.now += 50
    for (let event = 0; event < 3; event += 1) {
      const work = pick([...fleet.running.keys()])
      if (work === undefined) continue
      const ending = random()
      if (ending < 0.5) fleet.began(work)
      if (ending < 0.3) fleet.ended(work)
      if (ending > 0.2) fleet.released(work)
    }
    const leaving = pick(fleet.waiting)
    if (leaving !== undefined && random() < 0.2) fleet.leave(leaving)
    if (exchange % 100 === 0) fleet.pass(1_000)
    if (exchange % 5_000 === 2_500) fleet.setServers((index) => index !== (exchange / 5_000) % 3)
    if (exchange % 5_000 === 2_600) fleet.setServers(() => true)
    if (exchange % 500 === 0) fleet.lists()
  }
  fleet.drain()
  expect(fleet.dispatcher.waiting).toBe(0)
  expect(fleet.dispatcher.queues()).toEqual([])
  for (const { waiting, models } of fleet.dispatcher.loads()) {
    expect(waiting).toBe(0)
    expect(models.filter(({ running }) => running !== 0)).toEqual([])
  }
})

function anArrival(random: () => number, pick: <T>(from: readonly T[]) => T | undefined): Arrival {
  return {
    model: pick(['a', 'a', 'b', 'c', 'd']) ?? 'a',
    key: `key ${Math.floor(random() * 20)}`,
    tokens: 1 + Math.floor(random() * 3_000),
    batch: random() < 0.2,
    among: pick([15, 15, 7, 3]) ?? 15,
    brief: random() < 0.1,
    agoMs: random() < 0.05 ? 10_000 : 0,
  }
}

/** The same numbers every time (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
