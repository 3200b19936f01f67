import { describe, expect, it } from 'vitest'
import { bytesText, rateText, shortTimeText, timeText } from './amounts.ts'

describe('amounts', () => {
  it('of memory are in powers of two, as the config reads them', () => {
    const amounts = [540_608, 2 ** 30 - 2 ** 20, 2 ** 30, 5_200_000_000, 40 * 2 ** 30]
    expect(amounts.map(bytesText)).toEqual(['0.5 MB', '1023 MB', '1.0 GB', '4.8 GB', '40 GB'])
  })

  it('per second have three digits', () => {
    expect([4.26, 78.4, 2947].map(rateText)).toEqual(['4.3/s', '78/s', '2950/s'])
  })

  it('of time have their two largest units', () => {
    const times = [-5, 400, 4000, 252_000, 240_000, 3_600_000, 90_061_000]
    expect(times.map(timeText)).toEqual(['0s', '0s', '4s', '4m12s', '4m', '1h', '1d1h'])
  })

  it('of short times tell what matters', () => {
    expect([0, 0.42, 12.4, 3249, 125_000].map(shortTimeText)).toEqual(['0 ms', '0.4 ms', '12 ms', '3.2 s', '2m5s'])
  })
})
