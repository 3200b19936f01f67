import { describe, expect, it } from 'vitest'
import type { LogLine } from '../../admin-types.ts'
import { fieldsText, inert, matchesLog, MAX_LINES, mergeLines } from './log-text.ts'

function line(number: number, changes: Partial<LogLine> = {}): LogLine {
  return { number, at: '2026-03-05T15:00:00Z', level: 'info', message: 'upstream is up', fields: {}, ...changes }
}

describe('lines of the log', () => {
  it('are there once, however they came', () => {
    const older = [line(3), line(2), line(1)]
    expect(mergeLines([line(5), line(4), line(3)], older).map(({ number }) => number)).toEqual([5, 4, 3, 2, 1])
    expect(mergeLines([line(2)], older)).toBe(older)
  })

  it('are not kept without end', () => {
    const older = Array.from({ length: MAX_LINES }, (_, i) => line(MAX_LINES - i))
    const merged = mergeLines([line(MAX_LINES + 1)], older)
    expect(merged).toHaveLength(MAX_LINES)
    expect(merged[0]?.number).toBe(MAX_LINES + 1)
  })

  it('are found by level and words, in their fields too', () => {
    const warning = line(1, { level: 'warn', fields: { upstream: 'gpu-1' } })
    expect(matchesLog(warning, { level: 'warn', search: 'GPU-1 up' })).toBe(true)
    expect(matchesLog(warning, { level: 'error', search: '' })).toBe(false)
    expect(matchesLog(warning, { level: 'debug', search: 'gpu-2' })).toBe(false)
  })

  it('stay on their line whatever they say', () => {
    expect(fieldsText({ model: 'a b', error: '\u001b[31mred\r\nnext', times: 3, none: null })).toBe(
      'model="a b" error="\\u001b[31mred\\r\\nnext" times=3',
    )
    expect(inert('a\u202eb\u0000')).toBe('a\\u202eb\\u0000')
  })
})
