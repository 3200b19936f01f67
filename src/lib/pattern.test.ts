import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { patternMatcher, patternProblem } from './pattern.ts'

describe('patternMatcher', () => {
  it.each([
    ['.*-70b.*', 'llama3:70b-70B-q4', true],
    ['-70b', 'llama3-70b:latest', true],
    ['-70b', 'llama3:70b', false],
    ['^llama[23]', 'llama3:8b', true],
    ['^llama[23]', 'codellama3:8b', false],
    ['(7|13)b$', 'x:13b', true],
    ['(?:7|13)b$', 'x:13b-q4', false],
    ['Q4_K_[MS]', 'x:8b-q4_k_m', true],
    [String.raw`:\d{1,2}b$`, 'qwen3:32b', true],
    [String.raw`^\w+:\d{2,}b`, 'qwen3:8b', false],
    [String.raw`qwen2\.5`, 'qwen2x5:7b', false],
    ['[^a-z0-9:.-]', 'plain:8b', false],
    ['a{0}b', 'b', true],
    ['^$', '', true],
    ['^(a*)*$', 'aaab', false],
    ['x|', 'y', true],
  ])('%s on %s', (pattern, text, expected) => {
    expect(patternProblem(pattern)).toBeUndefined()
    expect(patternMatcher(pattern)(text)).toBe(expected)
  })

  it('agrees with the built-in expressions', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', String.raw`\w`, '^', '$')
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 4 },
        atom,
        fc.tuple(tie('pattern'), tie('pattern')).map(([one, other]) => one + other),
        fc.tuple(tie('pattern'), tie('pattern')).map(([one, other]) => `(${one}|${other})`),
        fc
          .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{0,}', '*?'))
          .map(([inner, count]) => `(${inner})${count}`),
      ),
    }))
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A'), maxLength: 6 }), (source, text) => {
        expect(patternMatcher(source)(text)).toBe(new RegExp(source, 'i').test(text))
      }),
      { numRuns: 500 },
    )
  })

  it('takes no longer for patterns that go back and back elsewhere', () => {
    for (const pattern of ['(a+)+$', '^(a|a)*$', '(.*a){20}$', 'a*a*a*a*a*a*a*b'])
      expect(patternMatcher(pattern)(`${'a'.repeat(500)}!`)).toBe(false)
  })
})

describe('patternProblem', () => {
  it.each([
    ['', 'is empty'],
    ['a'.repeat(513), 'is longer than 512 characters'],
    ['(70b', 'has a ( that is not closed'],
    ['70b)', 'has a ) that closes nothing'],
    ['[ab', 'has a [ that is not closed'],
    ['[]', 'has a [ ] with nothing in it'],
    ['[z-a]', 'has a range in [ ] that leads nowhere'],
    ['*-70b', 'has a * with nothing before it to repeat'],
    ['a|+', 'has a + with nothing before it to repeat'],
    ['a**', 'repeats a repetition: put the first into ( )'],
    ['^*', 'repeats ^ or $, which stand for no character'],
    ['a{2', 'has a { that belongs to no count such as {2,3}'],
    ['a{3,2}', 'has a { } whose first number is the larger one'],
    ['a{1001}', 'repeats something more than 1000 times'],
    ['((a{100}){100}){100}', 'is too large: its repetitions unfold to more than 2000 steps'],
    ['(((){1000}){1000}){1000}', 'is too large: its repetitions unfold to more than 2000 steps'],
    ['(?=a)', 'holds (?=, which is not known here'],
    ['(?<!a)', 'holds (?<!, which is not known here'],
    [String.raw`(a)\1`, String.raw`holds \1, which is not known here`],
    ['a\\', 'ends with a backslash'],
  ])('%s', (pattern, problem) => {
    expect(patternProblem(pattern)).toBe(problem)
    expect(patternMatcher(pattern)('70b')).toBe(false)
  })

  it('is found in anything at once', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab()[]{}|*+?^$\\-,:=!<9'), maxLength: 40 }), (text) => {
        expect(['string', 'undefined']).toContain(typeof patternProblem(text))
        patternMatcher(text)('ab9')
      }),
      { numRuns: 2000 },
    )
  })
})
