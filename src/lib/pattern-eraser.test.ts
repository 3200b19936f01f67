import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { patternEraser } from './pattern-eraser.ts'

describe('patternEraser', () => {
  it.each([
    [String.raw`\d{4} ?\d{4}`, 'call 0731 4711 or 12345678, not 123', 'call # or #, not 123'],
    [String.raw`[\w.]+@[\w.]+`, 'mail a.b@c.de and F@G', 'mail # and #'],
    ['ab|abc', 'abcd', '#d'],
    ['x*', 'axxb', 'a#b'],
    ['^a', 'aa', '#a'],
    ['a$', 'aa', 'a#'],
    ['.*', 'all of it', '#'],
    ['ä+', 'xÄäy', 'x#y'],
    ['(', 'text (', 'text ('],
  ])('takes out what fits %s of %j', (pattern, text, expected) => {
    expect(patternEraser(pattern, '#')(text)).toBe(expected)
  })

  it('agrees with what the built-in expressions say of each part', () => {
    const atom = fc.constantFrom('a', 'b', '[ab]', '[^a]', String.raw`\w`, '(a|ab)', '(b|ba)*')
    const pattern = fc
      .array(fc.tuple(atom, fc.constantFrom('', '+', '?', '{2}')), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.map(([one, count]) => `(${one})${count}`).join(''))
    const text = fc.array(fc.constantFrom('a', 'b', 'c', ' '), { maxLength: 12 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(pattern, text, (written, given) => {
        expect(patternEraser(written, '#')(given)).toBe(plainlyErased(written, given))
      }),
    )
  })

  it('takes out the rest of a text that it would have to read too often', () => {
    const text = `no ${'a'.repeat(5000)}`
    const read = text.slice(0, 3 + 32)
    expect(patternEraser('(a*)*b', '#')(text)).toBe(`${read}#`)
    expect(patternEraser('(a|aa)+c', '#')(text)).toBe(`${read}#`)
    expect(patternEraser('(a|aa)+$', '#')(text)).toBe('no #')
    expect(patternEraser('a{400}', '#')(text)).toBe(`no ${'#'.repeat(12)}${'a'.repeat(200)}`)
  })
})

function plainlyErased(pattern: string, text: string): string {
  const fits = new RegExp(`^(?:${pattern})$`, 'i')
  let result = ''
  for (let at = 0; at < text.length; ) {
    let end = text.length
    while (end > at && !fits.test(text.slice(at, end))) end--
    result += end > at ? '#' : text[at]
    at = Math.max(end, at + 1)
  }
  return result
}
