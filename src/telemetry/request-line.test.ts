import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import { exchangeRecord } from './__fixtures__/exchange-record.ts'
import { requestLine } from './request-line.ts'

const parse = (record: Partial<ExchangeRecord>) => JSON.parse(requestLine(exchangeRecord(record)))

describe('requestLine', () => {
  it('holds the record but for what is for the books, in one line', () => {
    const whole = exchangeRecord()
    const {
      route: _route,
      kind: _kind,
      dialect: _dialect,
      modelAsked: _asked,
      loadMs: _load,
      cachedTokens: _cached,
      steps: _steps,
      keyName: _keyName,
      userId: _userId,
      cache: _cache,
      chunks: _chunks,
      ...record
    } = whole
    const line = requestLine(exchangeRecord())
    expect(line.indexOf('\n')).toBe(line.length - 1)
    expect(JSON.parse(line)).toEqual({ ...record, time: '2026-03-04T05:06:07.089Z' })
    expect(Object.keys(JSON.parse(line))).toEqual(Object.keys(record))
    expect(line).not.toMatch(/"(?:route|kind|dialect|modelAsked|loadMs|cachedTokens|steps|keyName|userId|cache)"/)
  })

  it('names the trace, and nothing else of it', () => {
    const trace = { traceId: 'abc', spanId: 'def', parentId: 'ghi', sampled: true, state: 'vendor=1' }
    expect(parse({ trace })).toMatchObject({ trace: 'abc' })
    expect(requestLine(exchangeRecord({ trace }))).not.toMatch(/def|ghi|vendor/)
  })

  it('rounds times to tenths of a millisecond', () => {
    expect(parse({ queueMs: 0.123, ttftMs: 45.678, totalMs: 1e4 })).toMatchObject({
      queueMs: 0.1,
      ttftMs: 45.7,
      totalMs: 10_000,
    })
  })

  it('tells the time of each line, whichever came before', () => {
    const times = [
      1_772_600_767_089,
      1_772_600_767_999,
      1_772_600_768_000,
      1_772_600_767_007.9,
      -1,
      -0.5,
      0,
      Number.NaN,
    ]
    for (const time of [...times, ...times.toReversed()]) {
      expect(parse({ time }).time).toBe(new Date(Number.isNaN(time) ? 0 : time).toISOString())
    }
  })

  it('hides a key that was left in the path', () => {
    const line = requestLine(exchangeRecord({ path: '/k/swordfish/api/chat' }))
    expect(line).toContain('/k/[redacted]/api/chat')
    expect(line).not.toContain('swordfish')
  })

  it('cuts long texts', () => {
    expect(parse({ model: 'm'.repeat(10_000) }).model).toHaveLength(515)
  })

  it('is one line of JSON whatever the texts hold', () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 })
    const number = fc.oneof(fc.double(), fc.constant(null))
    fc.assert(
      fc.property(
        fc.record({ id: text, user: text, keyId: text, method: text, path: text, model: text }),
        number,
        (texts, value) => {
          const line = requestLine(exchangeRecord({ ...texts, promptTokens: value, ttftMs: value, time: value ?? 0 }))
          expect(line.split('\n')).toHaveLength(2)
          expect(JSON.parse(line)).toMatchObject({ id: texts.id, user: texts.user })
        },
      ),
    )
  })
})
