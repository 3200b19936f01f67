import fc from 'fast-check'
import { expect, it } from 'vitest'
import { canonicalNumber } from './canonical-number.ts'

it.each([
  ['0', '0', '0.0', '0e7', '000e-2'.slice(2)],
  ['7', '7', '7.0', '70e-1', '0.7e1', '7E+0'],
  ['1200', '1200', '12e2', '1.2e3', '120000e-2'],
  ['-2.5', '-2.5', '-25e-1', '-0.250E1'],
  ['18446744073709551616', '18446744073709551616', '18446744073709551616.0'],
])('writes %s in one way', (_name, ...ways) => {
  expect(new Set(ways.map(canonicalNumber)).size).toBe(1)
  expect(canonicalNumber(ways[0] ?? '')).toBeDefined()
})

it('never writes two values in one way', () => {
  const number = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer(), fc.bigInt()).map(String)
  fc.assert(
    fc.property(number, number, (one, other) => {
      expect(canonicalNumber(one) === canonicalNumber(other)).toBe(one === other)
    }),
  )
  expect(canonicalNumber('9007199254740993')).not.toBe(canonicalNumber('9007199254740992'))
  expect(canonicalNumber('-0')).not.toBe(canonicalNumber('0'))
})

it('knows no exponent that nobody means, and takes no time for one that is long', () => {
  expect(canonicalNumber('1e9999999')).toBeUndefined()
  expect(canonicalNumber(`1${'0'.repeat(100_000)}1`)).toHaveLength(100_004)
})
