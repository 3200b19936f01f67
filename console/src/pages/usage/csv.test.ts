import { expect, it } from 'vitest'
import { csvText } from './csv.ts'

function cellOf(value: string | number | null): string {
  return csvText(['a'], [[value]])
    .split('\r\n')
    .slice(1, -1)
    .join('\r\n')
}

it('writes rows that every reader takes apart alike', () => {
  expect(
    csvText(
      ['model', 'requests'],
      [
        ['a,b', 2],
        ['say "x"', null],
      ],
    ),
  ).toBe('model,requests\r\n"a,b",2\r\n"say ""x""",\r\n')
})

it.each(['=cmd()', '+1', '-2', '@SUM(A1)', '\t=1', '\r=1', ' =1', '\uff1dcmd()', '\u200b=1', '\ufeff@x'])(
  'makes %j text for a spreadsheet',
  (formula) => expect(cellOf(formula)).toMatch(/^"?'/),
)

it('leaves numbers and plain names alone', () => {
  expect(cellOf(-0.5)).toBe('-0.5')
  expect(cellOf('qwen3:8b')).toBe('qwen3:8b')
  expect(cellOf('a-b')).toBe('a-b')
  expect(cellOf(null)).toBe('')
})
