import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LastBytes } from './last-bytes.ts'

const KEPT = 16 * 1024

function pushed(text: string, sizes: readonly number[]): LastBytes {
  const last = new LastBytes()
  const bytes = new TextEncoder().encode(text)
  let turn = 0
  for (let at = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    last.push(bytes.subarray(at, at + size))
    at += size
  }
  return last
}

describe('LastBytes', () => {
  it('has the last 16 KB at least, and how it began, however it comes', () => {
    const text = `BEGIN${'0123456789'.repeat(9000)}END`
    const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 70_000 })), {
      minLength: 1,
      maxLength: 8,
    })
    fc.assert(
      fc.property(sizes, fc.integer({ min: 1, max: text.length }), (cuts, length) => {
        const whole = text.slice(0, length)
        const kept = pushed(whole, cuts).text()
        expect(kept.endsWith(whole.slice(-KEPT))).toBe(true)
        expect(whole.length > KEPT || kept === whole).toBe(true)
        expect(kept.length).toBeLessThanOrEqual(KEPT + 1024)
        expect(kept.startsWith(whole.slice(0, Math.min(cuts[0] ?? 1, 1024)))).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('is empty where nothing came', () => {
    expect(new LastBytes().text()).toBe('')
  })
})
