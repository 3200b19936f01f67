import { describe, expect, it } from 'vitest'
import { readForeignYaml } from './foreign-yaml.ts'

describe('readForeignYaml', () => {
  it('reads merge keys, and leaves yes and n as they are', () => {
    const text = 'a: &a {x: yes, n: true}\nb:\n  <<: *a\n  n: 2\n  n: 3\n'
    expect(readForeignYaml(text)).toEqual({ kind: 'tree', tree: { a: { x: 'yes', n: true }, b: { x: 'yes', n: 3 } } })
  })

  it.each([
    ['a: 1\nb: [', /^line \d: /],
    ['a: *nowhere', 'its anchors and aliases do not resolve'],
    ['a: 1\n\tb: 2', /^line 2: indentation is made of spaces/],
  ])('says in one sentence what is wrong with %j', (text, sentence) => {
    const read = readForeignYaml(text)
    expect(read).toMatchObject({ kind: 'problem', sentence: expect.stringMatching(sentence) })
  })

  it('does not grow without end', () => {
    const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i}, `.repeat(9)}]`)
    expect(readForeignYaml(['l0: &l0 x', ...levels].join('\n')).kind).toBe('problem')
  })
})
