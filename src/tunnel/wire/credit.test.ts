import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from './__fixtures__/fuzz.ts'
import { ReceiveWindow, SendCredit } from './credit.ts'

describe('ReceiveWindow and SendCredit', () => {
  it('add up to the window after any interleaving, and let nothing beyond it', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('send', 'take', 'grow'), fc.nat({ max: 2_000 })), { maxLength: 60 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3_000 }), steps, (size, all) => {
        const [window, credit] = [new ReceiveWindow(size), new SendCredit()]
        credit.grant(size)
        let now = 0
        for (const [what, bytes] of all) {
          if (what === 'send') {
            const count = Math.min(bytes, credit.available)
            credit.spend(count)
            expect(window.receive(count)).toBe(true)
          } else {
            const back = window.taken(bytes)
            const more = what === 'grow' ? window.growth(back, { now: (now += 1), roundTripMs: 5, maxSize: 10_000 }) : 0
            if (back + more > 0) credit.giveBack(back + more)
          }
          expect(window.open).toBe(credit.available)
          expect(window.open + window.untaken).toBeLessThanOrEqual(window.size)
          expect(window.size).toBeLessThanOrEqual(10_000)
        }
        const last = window.taken(Infinity)
        // What is not given back yet is less than a quarter.
        expect((window.size - window.open) * 4).toBeLessThan(window.size)
        expect(credit.available + last).toBe(window.open)
        expect(window.receive(window.open + 1)).toBe(false)
      }),
      runs(1_000),
    )
  })

  it('give back once a quarter of the window is due', () => {
    const window = new ReceiveWindow(100)
    window.receive(100)
    expect(window.taken(24)).toBe(0)
    expect(window.taken(1)).toBe(25)
    expect(window.taken(1_000)).toBe(75)
    expect(window.taken(1)).toBe(0)
  })

  it('grow when the window was used twice within a few round trips, and stop at the most', () => {
    const window = new ReceiveWindow(100)
    const at = (now: number) => ({ now, roundTripMs: 10, maxSize: 300 })
    expect(window.growth(100, at(0))).toBe(0)
    expect(window.growth(100, at(40))).toBe(100)
    expect(window.growth(400, at(81))).toBe(0)
    expect(window.growth(400, at(90))).toBe(100)
    expect(window.growth(600, at(91))).toBe(0)
    expect(window.size).toBe(300)
  })

  it('refuse credit beyond 2^31 - 1', () => {
    const credit = new SendCredit()
    expect(credit.grant(0x7fff_ffff)).toBe(true)
    expect(credit.grant(1)).toBe(false)
  })
})
