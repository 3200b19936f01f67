import { describe, expect, it } from 'vitest'
import { createThrottle, sourceOf } from './throttle.ts'

function manualClock(): { now(): number; advance(ms: number): void } {
  let now = 1_700_000_000_000
  return { now: () => now, advance: (ms) => void (now += ms) }
}

function noteTimes(count: number, note: () => number | null): (number | null)[] {
  return Array.from({ length: count }, note)
}

describe('createThrottle', () => {
  it('lets a hundred wrong keys a minute pass and then says how long to wait', () => {
    const clock = manualClock()
    const throttle = createThrottle({ clock })
    expect(noteTimes(100, () => throttle.note('10.0.0.1'))).toEqual(Array(100).fill(null))
    clock.advance(20_500)
    expect(throttle.note('10.0.0.1')).toBe(40)
    clock.advance(39_499)
    expect(throttle.note('10.0.0.1')).toBe(1)
    clock.advance(1)
    expect(throttle.note('10.0.0.1')).toBeNull()
  })

  it('counts addresses apart', () => {
    const throttle = createThrottle({ clock: manualClock() }, { maxWrong: 1 })
    expect([throttle.note('10.0.0.1'), throttle.note('10.0.0.2')]).toEqual([null, null])
    expect(throttle.note('10.0.0.1')).toBe(60)
  })

  it('forgets the address that was quiet longest when there are too many', () => {
    const throttle = createThrottle({ clock: manualClock() }, { maxWrong: 1, maxAddresses: 2 })
    for (const address of ['a', 'b', 'c']) throttle.note(address)
    expect(throttle.note('c')).toBe(60)
    expect(throttle.note('a')).toBeNull()
  })

  it('locks nobody out for longer when the clock is set back', () => {
    const clock = manualClock()
    const throttle = createThrottle({ clock }, { maxWrong: 1 })
    noteTimes(5, () => throttle.note('a'))
    clock.advance(-3_600_000)
    expect(throttle.note('a')).toBeNull()
  })
})

describe('sourceOf', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:0DB8:1:2:ffff::', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
  ])('%s counts as %s', (address, expected) => {
    expect(sourceOf(address)).toBe(expected)
  })
})
