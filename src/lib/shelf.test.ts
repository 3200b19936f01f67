import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Shelf } from './shelf.ts'

describe('Shelf', () => {
  it('holds what a map of its numbers would, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ puts: fc.boolean(), which: fc.nat({ max: 9 }) })), (steps) => {
        const shelf = new Shelf<object>()
        const model = new Map<number, object>()
        for (const { puts, which } of steps) {
          if (puts) {
            const thing = {}
            const place = shelf.put(thing)
            expect(model.has(place)).toBe(false)
            model.set(place, thing)
          } else {
            shelf.take(which)
            model.delete(which)
          }
          expect(shelf.size).toBe(model.size)
          for (let place = 0; place < 10; place += 1) expect(shelf.at(place)).toBe(model.get(place))
        }
      }),
    )
  })

  it('uses its numbers again', () => {
    const shelf = new Shelf<string>()
    for (let round = 0; round < 1000; round += 1) shelf.take(shelf.put('thing'))
    expect(shelf.put('last')).toBe(0)
    expect(shelf.at(undefined)).toBeUndefined()
  })
})
