import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Arrival, CheckedFleet, smallFleet } from './__fixtures__/checked-fleet.ts'
import { OPTIONS } from './__fixtures__/dispatch-bed.ts'

const arrival: fc.Arbitrary<Arrival> = fc.record({
  model: fc.constantFrom('a', 'b', 'c', 'd'),
  key: fc.constantFrom('ann', 'bob', 'cy'),
  tokens: fc.integer({ min: 1, max: 4_000 }),
  batch: fc.boolean(),
  among: fc.constantFrom(15, 15, 15, 7, 3, 9),
  brief: fc.boolean(),
  agoMs: fc.constantFrom(0, 0, 0, 5_000, 120_000),
})

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('arrive' as const), arrival }) },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constantFrom('began' as const, 'ended' as const, 'released' as const, 'leave' as const),
      which: fc.nat(50),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(10, 1_000, 20_000) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('lists' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('servers' as const), there: fc.constantFrom(15, 7, 14, 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('configure' as const),
      options: fc.record({
        maxLength: fc.constantFrom(0, 3, 512),
        maxWaitMs: fc.constantFrom(10_000, 300_000),
        spillAfterMs: fc.constantFrom(0, 20_000),
        affinity: fc.boolean(),
      }),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const steps = fc.array(step, { maxLength: 120, size: 'max' })
const slots = fc.constantFrom(1, 2, null)

function take(fleet: CheckedFleet, each: Step): void {
  switch (each.kind) {
    case 'arrive':
      return fleet.arrive(each.arrival)
    case 'pass':
      return fleet.pass(each.ms)
    case 'lists':
      return fleet.lists()
    case 'servers':
      return fleet.setServers((index) => (each.there & (1 << index)) !== 0)
    case 'configure':
      return fleet.configure(each.options)
    default: {
      const works = each.kind === 'leave' ? fleet.waiting : [...fleet.running.keys()]
      const work = works[each.which % works.length]
      if (work !== undefined) fleet[each.kind](work)
    }
  }
}

describe('whatever happens', () => {
  it('keeps to slots, memory and order, and loses and doubles nothing', () => {
    fc.assert(
      fc.property(slots, steps, (count, all) => {
        const fleet = new CheckedFleet(smallFleet(count))
        for (const each of all) take(fleet, each)
        fleet.configure(OPTIONS)
        fleet.setServers(() => true)
        fleet.drain()
        expect(fleet.dispatcher.waiting).toBe(0)
        for (const load of fleet.dispatcher.loads()) {
          expect(load.waiting).toBe(0)
          for (const { running } of load.models) expect(running).toBe(0)
        }
      }),
      { numRuns: 300 },
    )
  })

  // The first of a lane waits only where the best that it knows is not free: no slot idles that it should use.
  it('leaves no free place to idle that is the best one for what is next in a lane', () => {
    fc.assert(
      fc.property(slots, steps, (count, all) => {
        const fleet = new CheckedFleet(smallFleet(count))
        for (const each of all) {
          take(fleet, each)
          fleet.pass(0)
          for (const work of fleet.waiting) {
            if (fleet.dispatcher.place(work)?.position !== 1) continue
            const best = fleet.dispatcher.explain(work).find(({ chosen }) => chosen)
            expect(best?.queueMs).toBeGreaterThan(0)
          }
        }
      }),
      { numRuns: 200 },
    )
  })
})
