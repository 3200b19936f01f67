import { describe, expect, it } from 'vitest'
import { windowOf } from './table-window.ts'

const box = { height: 600, row: 30 }

describe('the window of a table', () => {
  it('is the whole of a short one', () => {
    expect(windowOf({ ...box, top: 0 }, 60)).toEqual({ first: 0, end: 60 })
  })

  it('covers what is seen and something beyond, wherever it is scrolled, and never much', () => {
    const count = 10_000
    for (let top = 0; top <= count * box.row - box.height; top += 997) {
      const { first, end } = windowOf({ ...box, top }, count)
      expect(first * box.row).toBeLessThanOrEqual(top)
      expect(end * box.row).toBeGreaterThanOrEqual(top + box.height)
      expect(end - first).toBeLessThan(60)
    }
  })

  it('reaches the last row at the end, and stays inside a list that has become shorter', () => {
    expect(windowOf({ ...box, top: 300_000 }, 10_000).end).toBe(10_000)
    expect(windowOf({ ...box, top: 300_000 }, 100)).toEqual({ first: 56, end: 100 })
  })
})
