import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatByteSize, parseByteSize } from './byte-size.ts'

describe('parseByteSize', () => {
  it.each([
    ['64MB', 64 * 2 ** 20],
    ['64MiB', 64 * 2 ** 20],
    ['512k', 2 ** 19],
    ['1.5 GB', 1.5 * 2 ** 30],
    ['100', 100],
    ['100B', 100],
    ['0', 0],
  ])('reads %s', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes)
  })

  it.each(['', 'MB', '-1', '1PB', '1  MB', '1e3', '0x10', '1,5MB', '9'.repeat(20), ` 1`])(
    'does not read "%s"',
    (text) => {
      expect(parseByteSize(text)).toBeUndefined()
    },
  )
})

describe('formatByteSize', () => {
  it('uses the largest unit that fits', () => {
    expect([0, 100, 1024, 64 * 2 ** 20, 2 ** 40].map(formatByteSize)).toEqual(['0B', '100B', '1KB', '64MB', '1TB'])
  })

  it('writes what parseByteSize reads', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (bytes) => {
        expect(parseByteSize(formatByteSize(bytes))).toBe(bytes)
      }),
    )
  })
})
