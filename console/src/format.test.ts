import { describe, expect, it } from 'vitest'
import { formatBytes, formatCount, formatMoney, formatMs, formatRate, formatRelative, formatShort } from './format.ts'

describe('numbers with their units', () => {
  it.each([
    [0, '0 ms'],
    [340.4, '340 ms'],
    [999.6, '1.0 s'],
    [1_234, '1.2 s'],
    [9_960, '10 s'],
    [61_000, '1 min 1 s'],
    [120_000, '2 min'],
    [7_500_000, '2 h 5 min'],
    [273_600_000, '3 d 4 h'],
    [null, '–'],
  ])('%s ms is %s', (ms, text) => {
    expect(formatMs(ms)).toBe(text)
  })

  it.each([
    [0, '0 B'],
    [1023, '1,023 B'],
    [5.2 * 2 ** 30, '5.2 GB'],
    [24 * 2 ** 30, '24 GB'],
    [1.5 * 2 ** 40, '1.5 TB'],
  ])('%s bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  it('has counts whole, and short where there is no room', () => {
    expect(formatCount(1_234_567)).toBe('1,234,567')
    expect([950, 12_345, 1_234_567].map(formatShort)).toEqual(['950', '12.3 k', '1.23 M'])
    expect(formatRate(41.26)).toBe('41.3 tok/s')
    expect([0, 0.0123, 12].map(formatMoney)).toEqual(['0.00', '0.0123', '12.00'])
  })
})

describe('times as a distance', () => {
  const now = Date.parse('2026-01-01T12:00:00Z')

  it.each([
    ['2026-01-01T12:00:01Z', 'now'],
    ['2026-01-01T12:03:59Z', 'in 3 min'],
    ['2026-01-01T11:59:30Z', '30 s ago'],
    ['2025-12-25T12:00:00Z', '7 d ago'],
    ['nonsense', '–'],
  ])('%s is %s', (time, text) => {
    expect(formatRelative(time, now)).toBe(text)
  })
})
