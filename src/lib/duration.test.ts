import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['10s', 10_000],
    ['1.5h', 5_400_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['0', 0],
    ['0s', 0],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['', '10', '-1s', '1 s', 's', '1w', '1e3s', '.5s', '1S', `${'9'.repeat(30)}d`, '1s'.repeat(40)])(
    'does not read "%s"',
    (text) => {
      expect(parseDuration(text)).toBeUndefined()
    },
  )
})

describe('formatDuration', () => {
  it('writes the shortest text', () => {
    expect([0, 999, 30_000, 5_400_000, 86_400_000].map(formatDuration)).toEqual(['0s', '999ms', '30s', '1h30m', '1d'])
  })

  it('writes what parseDuration reads', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms)
      }),
    )
  })
})
