import { describe, expect, it } from 'vitest'
import { limitChanges, limitsText, limitTexts, parseAmount, parseLimits } from './limit-fields.ts'

const none = limitTexts({})

describe('parseAmount', () => {
  it.each([
    ['120', 120],
    ['500k', 500_000],
    ['2M', 2_000_000],
    ['1.5m', 1_500_000],
    ['1 G', 1e9],
    ['1,000,000', 1_000_000],
    ['10 000', 10_000],
  ])('reads %s', (text, amount) => expect(parseAmount(text, { whole: true })).toBe(amount))

  it.each(['0', '-1', '1.5', 'many', '1e3', '', '1,00', '9999999999G', '0x10', 'Infinity'])('refuses %j', (text) =>
    expect(parseAmount(text, { whole: true })).toBeUndefined(),
  )

  it('reads money with its cents', () => {
    expect(parseAmount('7.50', { whole: false })).toBe(7.5)
    expect(parseAmount('0.00', { whole: false })).toBeUndefined()
  })
})

describe('parseLimits', () => {
  it('takes what is filled in', () => {
    const texts = { ...none, requests_per_minute: ' 60 ', money_per_month: '7.5' }
    expect(parseLimits(texts)).toEqual({ kind: 'limits', limits: { requests_per_minute: 60, money_per_month: 7.5 } })
    expect(parseLimits(none)).toEqual({ kind: 'limits', limits: {} })
  })

  it('names the field that is wrong', () => {
    const parsed = parseLimits({ ...none, tokens_per_day: 'lots' })
    expect(parsed).toMatchObject({ kind: 'problem', name: 'tokens_per_day' })
    expect(parsed.kind === 'problem' && parsed.message).toContain('Tokens per day')
  })
})

describe('changes of limits', () => {
  it('says only what is different, and null for what goes', () => {
    expect(limitChanges({ concurrent: 2, tokens_per_day: 5 }, { concurrent: 3 })).toEqual({
      concurrent: 3,
      tokens_per_day: null,
    })
    expect(limitChanges({ concurrent: 2 }, { concurrent: 2 })).toBeUndefined()
  })

  it('is written with units', () => {
    expect(limitsText({ requests_per_minute: 120, tokens_per_day: 2_000_000, money_per_month: 7.5 })).toBe(
      '120 requests/min, 2M tokens/day, 7.5 per month',
    )
    expect(limitsText({ tokens_per_month: 1_234_567 })).toBe('1234567 tokens/month')
    expect(limitsText({})).toBe('')
  })
})
