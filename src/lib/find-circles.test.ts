import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { findCircles } from './find-circles.ts'

const circlesOf = (edges: Readonly<Record<string, readonly string[]>>) => findCircles(new Map(Object.entries(edges)))

describe('findCircles', () => {
  it.each<[Readonly<Record<string, readonly string[]>>, string[][]]>([
    [{}, []],
    [{ a: ['b', 'c'], b: ['c'] }, []],
    [{ a: ['a'] }, [['a', 'a']]],
    [{ a: ['b'], b: ['a'] }, [['a', 'b', 'a']]],
    [{ x: ['a'], a: ['y', 'b'], b: ['c'], c: ['a'] }, [['a', 'b', 'c', 'a']]],
    [
      { a: ['b'], b: ['a'], c: ['c'] },
      [
        ['a', 'b', 'a'],
        ['c', 'c'],
      ],
    ],
  ])('of %j', (edges, expected) => {
    expect(circlesOf(edges)).toEqual(expected)
  })

  it('follows a chain of any length', () => {
    const chain = new Map(Array.from({ length: 100_000 }, (_, i) => [`m${i}`, [`m${i + 1}`]]))
    expect(findCircles(chain)).toEqual([])
    chain.set('m100000', ['m0'])
    expect(findCircles(chain)[0]).toHaveLength(100_002)
  })

  it('finds one where there is one, and only real ones', () => {
    const names = fc.constantFrom(...'abcdef')
    fc.assert(
      fc.property(fc.dictionary(names, fc.array(names, { maxLength: 3 })), (edges) => {
        const circles = circlesOf(edges)
        for (const circle of circles) {
          expect(circle.at(-1)).toBe(circle[0])
          for (const [i, name] of circle.slice(1).entries()) expect(edges[circle[i] ?? '']).toContain(name)
        }
        const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
          (edges[from] ?? []).some((name) => name === to || (!seen.has(name) && reaches(name, to, seen.add(name))))
        expect(circles.length > 0).toBe([...'abcdef'].some((name) => reaches(name, name)))
      }),
    )
  })
})
