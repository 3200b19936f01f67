import { describe, expect, it } from 'vitest'
import { isCalendarDay } from './calendar-day.ts'

describe('isCalendarDay', () => {
  it.each(['2026-11-22', '2028-02-29', '2000-02-29', '2027-12-31', '0001-01-01'])('knows %s', (day) => {
    expect(isCalendarDay(day)).toBe(true)
  })

  it.each([
    '2027-02-29',
    '2027-02-30',
    '2100-02-29',
    '2027-04-31',
    '2027-13-01',
    '2027-00-10',
    '2027-01-00',
    '2027-1-1',
    'soon',
    '',
  ])('knows no day "%s"', (day) => {
    expect(isCalendarDay(day)).toBe(false)
  })
})
