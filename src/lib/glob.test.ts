import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { globCovers, globMatcher } from './glob.ts'

const pattern = fc.string({ unit: fc.constantFrom('a', 'B', '-', ':', '*', '?'), maxLength: 8 })
const text = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '-', ':'), maxLength: 10 })

/** The textbook definition, exponential and obviously right. */
function matchesByDefinition(pattern: string, text: string): boolean {
  if (pattern === '') return text === ''
  const rest = pattern.slice(1)
  if (pattern[0] === '*') {
    return matchesByDefinition(rest, text) || (text !== '' && matchesByDefinition(pattern, text.slice(1)))
  }
  if (text === '') return false
  const same = pattern[0] === '?' || pattern[0]?.toLowerCase() === text[0]?.toLowerCase()
  return same && matchesByDefinition(rest, text.slice(1))
}

describe('globMatcher', () => {
  it.each([
    ['llama3*', 'llama3:latest', true],
    ['llama3*', 'llama3.1:8b', true],
    ['llama3*', 'my-llama3:8b', false],
    ['*:cloud', 'x:cloud', true],
    ['*:cloud', 'x:8b-cloud', false],
    ['gpt-oss:*-cloud', 'GPT-OSS:120b-cloud', true],
    ['qwen?:8b', 'qwen3:8b', true],
    ['qwen?:8b', 'qwen:8b', false],
    ['', '', true],
    ['', 'a', false],
    ['**', '', true],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['k', '\u212a', false],
  ])('%j on %j: %s', (pattern, text, expected) => {
    expect(globMatcher(pattern)(text)).toBe(expected)
  })

  it('agrees with the definition', () => {
    fc.assert(
      fc.property(pattern, text, (pattern, text) => {
        expect(globMatcher(pattern)(text)).toBe(matchesByDefinition(pattern, text))
      }),
    )
  })

  it('takes at most pattern x text steps where a backtracking matcher would never end', () => {
    const matches = globMatcher('a*'.repeat(100) + 'b')
    expect(matches('a'.repeat(5000))).toBe(false)
  })
})

describe('globCovers', () => {
  it.each([
    ['*', 'llama3*', true],
    ['llama*', 'llama3*', true],
    ['llama3*', 'llama*', false],
    ['llama?', 'llama*', false],
    ['llama?', 'llama?', true],
    ['a?', 'ab', true],
    ['ab', 'a?', false],
    ['a*b', 'a*b*', false],
  ])('%j covers %j: %s', (general, specific, expected) => {
    expect(globCovers(general, specific)).toBe(expected)
  })

  it('never says yes where one text tells the two apart', () => {
    const texts = wordsOver(['a', 'b'], 4)
    const compiled = wordsOver(['a', 'b', '*', '?'], 3).map((pattern) => ({ pattern, matches: globMatcher(pattern) }))
    const wrong = compiled.flatMap((general) =>
      compiled
        .filter((specific) => globCovers(general.pattern, specific.pattern))
        .filter((specific) => texts.some((text) => specific.matches(text) && !general.matches(text)))
        .map((specific) => `${general.pattern} covers ${specific.pattern}`),
    )
    expect(wrong).toEqual([])
  })
})

function wordsOver(letters: readonly string[], maxLength: number): string[] {
  const shorter = maxLength === 0 ? [] : wordsOver(letters, maxLength - 1)
  return ['', ...shorter.flatMap((word) => letters.map((letter) => letter + word))]
}
