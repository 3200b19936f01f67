import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FittedCell, type FittedColumn, fitTable, shorten } from './fitted-table.ts'

const plain = (_tone: string, text: string): string => text
const cell = (text: string): FittedCell => ({ text, tone: null })
const row = (...texts: string[]): FittedCell[] => texts.map(cell)

const columns: readonly FittedColumn[] = [
  { heading: 'NAME', align: 'left', spare: 0 },
  { heading: 'STATE', align: 'left', spare: 1 },
  { heading: 'MEMORY', align: 'right', spare: 2 },
]

describe('fitTable', () => {
  it('aligns to the side that each column wants', () => {
    expect(fitTable(columns, [row('gpu-1', 'up', '5 GB')], { width: 80, paint: plain })).toEqual([
      'NAME   STATE  MEMORY',
      'gpu-1  up       5 GB',
    ])
  })

  it('leaves out what can be spared first, and shortens the name last', () => {
    const rows = [row('a-long-name-of-a-model', 'loaded', '5 GB')]
    const narrow = (width: number): string[] => fitTable(columns, rows, { width, paint: plain })
    expect(narrow(37)).toEqual(['NAME                    STATE', 'a-long-name-of-a-model  loaded'])
    expect(narrow(22)).toEqual(['NAME', 'a-long-name-of-a-model'])
    expect(narrow(12)).toEqual(['NAME', 'a-long-name…'])
  })

  it('leaves out a column that no row fills', () => {
    expect(fitTable(columns, [row('a', '', '1')], { width: 80, paint: plain })).toEqual([
      'NAME  MEMORY',
      'a          1',
    ])
  })

  it('is never wider than it may be', () => {
    const texts = fc.array(fc.string({ maxLength: 60 }), { minLength: 3, maxLength: 3 })
    fc.assert(
      fc.property(fc.array(texts, { maxLength: 5 }), fc.integer({ min: 8, max: 120 }), (rows, width) => {
        const lines = fitTable(
          columns,
          rows.map((each) => row(...each)),
          { width, paint: plain },
        )
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
      }),
    )
  })

  it('paints the text and not the room around it', () => {
    const painted = fitTable(columns, [[{ text: 'a', tone: 'good' }, cell('up')]], {
      width: 80,
      paint: (tone, text) => `<${tone}:${text}>`,
    })
    expect(painted).toEqual(['<heading:NAME>  <heading:STATE>', '<good:a>     up'])
  })
})

describe('shorten', () => {
  it('says that something is missing', () => {
    expect([shorten('abc', 3), shorten('abcd', 3), shorten('abcd', 1), shorten('abcd', 0)]).toEqual([
      'abc',
      'ab…',
      'a',
      '',
    ])
  })
})
