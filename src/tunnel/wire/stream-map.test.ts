import fc from 'fast-check'
import { expect, it } from 'vitest'
import { StreamMap } from './stream-map.ts'

it('holds what a Map holds, whatever comes and goes', () => {
  const change = fc.record({ id: fc.nat({ max: 300 }), kind: fc.constantFrom('set', 'set', 'delete', 'clear') })
  fc.assert(
    fc.property(fc.array(change, { maxLength: 400 }), (changes) => {
      const map = new StreamMap<string>()
      const model = new Map<number, string>()
      for (const [at, { id, kind }] of changes.entries()) {
        if (kind === 'set' && !model.has(id)) {
          map.set(id, `value ${at}`)
          model.set(id, `value ${at}`)
        } else if (kind === 'delete') {
          map.delete(id)
          model.delete(id)
        } else if (kind === 'clear' && at % 50 === 0) {
          map.clear()
          model.clear()
        }
        expect([map.size, map.get(id)]).toEqual([model.size, model.get(id)])
      }
      expect(map.values().toSorted()).toEqual([...model.values()].toSorted())
    }),
  )
})
