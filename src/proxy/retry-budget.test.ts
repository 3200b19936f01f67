import { describe, expect, it } from 'vitest'
import { createRetryBudget } from './retry-budget.ts'

describe('createRetryBudget', () => {
  it('allows a share of what runs, in flight at one time', () => {
    const budget = createRetryBudget(0.2)
    const taken = Array.from({ length: 30 }, () => budget.take(100)).filter(Boolean)
    expect(taken).toHaveLength(20)
    budget.done()
    expect(budget.take(100)).toBe(true)
    expect(budget.take(100)).toBe(false)
  })

  it('always allows a few, so that a quiet gateway retries at all', () => {
    const budget = createRetryBudget(0)
    expect([budget.take(1), budget.take(1), budget.take(1), budget.take(1)]).toEqual([true, true, true, false])
  })

  it('goes by what runs now', () => {
    const budget = createRetryBudget(0.5)
    for (let i = 0; i < 10; i += 1) expect(budget.take(20)).toBe(true)
    expect(budget.take(20)).toBe(false)
    expect(budget.take(40)).toBe(true)
    expect(budget.take(2)).toBe(false)
  })
})
