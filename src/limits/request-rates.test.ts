import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRequestRates } from './request-rates.ts'

describe('createRequestRates', () => {
  beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 4, 15, 12) }))
  afterEach(() => void vi.useRealTimers())

  it('counts each name by itself, in a minute that begins with its first request', async () => {
    const rates = createRequestRates()
    expect(await rates.take('a')).toEqual({ count: 1, resetMs: 60_000 })
    vi.advanceTimersByTime(59_999)
    expect(await rates.take('a')).toEqual({ count: 2, resetMs: 1 })
    expect(await rates.take('b')).toEqual({ count: 1, resetMs: 60_000 })
    vi.advanceTimersByTime(1)
    expect(await rates.take('a')).toEqual({ count: 1, resetMs: 60_000 })
  })

  it('takes back what was given, but never into the next minute', async () => {
    const rates = createRequestRates()
    await rates.take('a')
    await rates.take('a')
    await rates.giveBack('a')
    expect(await rates.take('a')).toMatchObject({ count: 2 })
    vi.advanceTimersByTime(60_000)
    await rates.giveBack('a')
    expect(await rates.take('a')).toEqual({ count: 1, resetMs: 60_000 })
  })

  it('is looked at without taking anything', async () => {
    const rates = createRequestRates()
    expect(await rates.look('a')).toBeUndefined()
    await rates.take('a')
    vi.advanceTimersByTime(20_000)
    for (let i = 0; i < 2; i++) expect(await rates.look('a')).toEqual({ count: 1, resetMs: 40_000 })
    vi.advanceTimersByTime(40_000)
    expect(await rates.look('a')).toBeUndefined()
  })

  it('gives every one of many at once a number of its own', async () => {
    const rates = createRequestRates()
    const counts = await Promise.all(Array.from({ length: 64 }, async () => (await rates.take('a')).count))
    expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, at) => at + 1))
  })
})
