import { describe, expect, it } from 'vitest'
import type { Usage } from '../../admin-types.ts'
import { daysBetween, rangeStart } from './usage-range.ts'
import { MAX_SERIES, stacked, usageSeries } from './usage-series.ts'

const now = Date.parse('2026-03-05T15:00:00Z')

function row(day: string, model: string | null, requests: number, first_token_ms: number | null = null): Usage {
  const nothing = { errors: 0, prompt_tokens: 0, completion_tokens: 0, cost: 0, queue_ms: null }
  return { day, model, requests, ...nothing, first_token_ms }
}

const requests = { kind: 'sum', valueOf: (each: Usage) => each.requests } as const
const firstToken = { kind: 'mean', valueOf: (each: Usage) => each.first_token_ms } as const
const byModel = { by: 'model', measure: requests, now } as const

describe('ranges', () => {
  it('begin with a day of UTC, as the ledger counts', () => {
    expect(rangeStart('today', now)).toBe(Date.parse('2026-03-05T00:00:00Z'))
    expect(rangeStart('7d', now)).toBe(Date.parse('2026-02-27T00:00:00Z'))
    expect(rangeStart('all', now)).toBeNull()
  })

  it('have every day, over the end of a month too', () => {
    expect(daysBetween(Date.parse('2026-02-27T00:00:00Z'), now)).toEqual([
      '2026-02-27',
      '2026-02-28',
      '2026-03-01',
      '2026-03-02',
      '2026-03-03',
      '2026-03-04',
      '2026-03-05',
    ])
  })
})

describe('usageSeries', () => {
  it('has a value for each day, and the greatest first', () => {
    const rows = [row('2026-03-03', 'small', 1), row('2026-03-05', 'big', 5), row('2026-03-03', 'big', 2)]
    expect(usageSeries(rows, { ...byModel, since: Date.parse('2026-03-03') })).toEqual({
      days: ['2026-03-03', '2026-03-04', '2026-03-05'],
      series: [
        { name: 'big', values: [2, 0, 5], total: 7 },
        { name: 'small', values: [1, 0, 0], total: 1 },
      ],
    })
  })

  it('begins with the first row where no beginning is given', () => {
    expect(usageSeries([row('2026-03-04', 'a', 1)], { ...byModel, since: null }).days).toEqual([
      '2026-03-04',
      '2026-03-05',
    ])
    expect(usageSeries([], { ...byModel, since: null })).toEqual({ days: ['2026-03-05'], series: [] })
  })

  it('puts what is too small for a colour together, and loses nothing', () => {
    const rows = Array.from({ length: 20 }, (_, i) => row('2026-03-05', `m${i}`, i + 1))
    const { series } = usageSeries(rows, { ...byModel, since: null })
    expect(series).toHaveLength(MAX_SERIES)
    expect(series.at(-1)?.name).toBeNull()
    expect(series.reduce((all, { total }) => all + total, 0)).toBe(210)
  })

  it('names what has no name, also where a model is called so', () => {
    const { series } = usageSeries([row('2026-03-05', null, 2)], { ...byModel, since: null })
    expect(series[0]?.name).toBe('(no model)')
  })

  it('takes means by the number of requests, and leaves out what is not known', () => {
    const day = '2026-03-05'
    const rows = [row(day, 'a', 1, 100), row(day, 'a', 3, 200), row(day, 'a', 50, null), row('2026-03-03', 'a', 1, 7)]
    const { series } = usageSeries([...rows, row(day, 'b', 9, null)], { ...byModel, measure: firstToken, since: null })
    expect(series).toEqual([{ name: 'a', values: [7, null, 175], total: 55 }])
  })

  it('has no mean of all the rest', () => {
    const rows = Array.from({ length: 20 }, (_, i) => row('2026-03-05', `m${i}`, i + 1, 10))
    const { series } = usageSeries(rows, { ...byModel, measure: firstToken, since: null })
    expect(series).toHaveLength(MAX_SERIES)
    expect(series[0]?.name).toBe('m19')
    expect(series.some(({ name }) => name === null)).toBe(false)
  })

  it('stacks', () => {
    const { series } = usageSeries([row('2026-03-05', 'a', 2), row('2026-03-05', 'b', 1)], { ...byModel, since: null })
    expect(stacked(series)).toEqual([[2], [3]])
  })
})
