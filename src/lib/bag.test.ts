import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBag } from './bag.ts'

describe('createBag', () => {
  it('holds what was added and not removed, whatever the order', () => {
    const change = fc.tuple(fc.boolean(), fc.nat(20))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 100 }), (changes) => {
        const bag = createBag<number>()
        const expected = new Set<number>()
        for (const [adds, member] of changes) {
          if (!adds) expect(bag.remove(member)).toBe(expected.delete(member))
          else if (!expected.has(member)) bag.add(member)
          if (adds) expected.add(member)
          expect(bag.size).toBe(expected.size)
        }
        expect(bag.members().toSorted((a, b) => a - b)).toEqual([...expected].toSorted((a, b) => a - b))
      }),
    )
  })

  it('visits each member even if all leave meanwhile', () => {
    const bag = createBag<string>()
    for (const member of ['a', 'b', 'c']) bag.add(member)
    const visited = bag.members().filter((member) => bag.remove(member))
    expect(visited).toEqual(['a', 'b', 'c'])
    expect(bag.size).toBe(0)
  })
})
