import { describe, expect, it } from 'vitest'
import { renderTable } from './table.ts'

const plain = (text: string): string => text

describe('renderTable', () => {
  it('aligns the columns, and pads nothing behind the last', () => {
    const rows = [
      ['NAME', 'STATE', 'KEYS'],
      ['a', 'active', '10'],
    ]
    expect(renderTable(rows, plain)).toEqual(['NAME  STATE   KEYS', 'a     active  10'])
  })

  it('lets a very long value push aside its own row alone', () => {
    const long = 'x'.repeat(60)
    const rows = [
      ['listen', '127.0.0.1:11435', 'default'],
      ['scopes', long, 'file'],
    ]
    expect(renderTable(rows, plain)).toEqual(['listen  127.0.0.1:11435  default', `scopes  ${long}  file`])
  })

  it('keeps a table whose every value is long', () => {
    expect(renderTable([['a', 'y'.repeat(50), 'z']], plain)).toEqual([`a  ${'y'.repeat(50)}  z`])
  })
})
