import { describe, expect, it } from 'vitest'
import { createSampler } from './sampler.ts'

const LOW = '0'.repeat(32)
const MIDDLE = `${'0'.repeat(16)}0008${'0'.repeat(12)}`
const HIGH = 'f'.repeat(32)

describe('a sampler', () => {
  it('goes by what the caller has decided, where it is parent-based', () => {
    for (const name of ['parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'] as const) {
      const sampler = createSampler(name, 0.5)
      expect([sampler(LOW, true), sampler(LOW, false)]).toEqual([true, false])
    }
    expect(createSampler('always_on', 1)(LOW, false)).toBe(true)
    expect(createSampler('always_off', 1)(LOW, true)).toBe(false)
  })

  it('decides by itself where the trace begins here', () => {
    expect(createSampler('parentbased_always_on', 0)(LOW, null)).toBe(true)
    expect(createSampler('parentbased_always_off', 1)(HIGH, null)).toBe(false)
  })

  it('keeps a share of all traces', () => {
    const half = createSampler('traceidratio', 0.5)
    expect([half(LOW, null), half(MIDDLE, null), half(HIGH, null)]).toEqual([false, true, true])
    expect(createSampler('traceidratio', 1)(LOW, null)).toBe(true)
    expect(createSampler('parentbased_traceidratio', 0)(HIGH, null)).toBe(false)
  })
})
