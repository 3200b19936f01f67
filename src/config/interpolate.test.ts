import { describe, expect, it } from 'vitest'
import { interpolate } from './interpolate.ts'

const variables = { A: 'one', B: '${A}', EMPTY: '' }

describe('interpolate', () => {
  it.each([
    ['plain', 'plain'],
    ['${A}', 'one'],
    ['x${A}y${A}z', 'xoneyonez'],
    ['${B}', '${A}'],
    ['[${EMPTY}]', '[]'],
    ['$${A}', '${A}'],
    ['$${A} ${A}', '${A} one'],
    ['$A $ {A} $', '$A $ {A} $'],
  ])('turns %s into %s', (text, expected) => {
    expect(interpolate(text, variables)).toMatchObject({ kind: 'text', text: expected })
  })

  it.each(['${', '${}', '${a-b}', '${A', '${ A }', '${A:-x}'])('refuses %s', (text) => {
    expect(interpolate(text, variables).kind).toBe('problem')
  })

  it.each(['${NOPE}', '${toString}', '${__proto__}'])('names the variable of %s', (text) => {
    expect(interpolate(text, variables)).toMatchObject({ sentence: expect.stringContaining('which is not set') })
  })
})
