import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBase62 } from './base62.ts'

describe('toBase62', () => {
  it('writes the number with all its digits', () => {
    expect(toBase62(Uint8Array.of(0), 3)).toBe('000')
    expect(toBase62(Uint8Array.of(61), 1)).toBe('z')
    expect(toBase62(Uint8Array.of(1, 0), 3)).toBe('048')
  })

  it('gives different bytes different texts of one length', () => {
    const bytes = fc.uint8Array({ minLength: 20, maxLength: 20 })
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        const [first, second] = [toBase62(one, 27), toBase62(other, 27)]
        expect(first).toMatch(/^[0-9A-Za-z]{27}$/)
        expect(first === second).toBe(one.every((byte, i) => byte === other[i]))
      }),
    )
  })

  it('refuses bytes that do not fit', () => {
    expect(() => toBase62(Uint8Array.of(62), 1)).toThrow(RangeError)
  })
})
