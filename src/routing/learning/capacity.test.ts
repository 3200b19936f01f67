import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../test/fakes/seeded-random.ts'
import { createCapacityBook, type SeenLoaded, seenLoaded } from './capacity.ts'

const GB = 2 ** 30
const SOON = 1_000
const LATER = 300_000

function model(name: string, gigabytes: number, keptUntil: number | null = LATER): SeenLoaded {
  return { model: name, bytes: gigabytes * GB, keptUntil }
}

/** What the book says after the lists, one each second; in GB. */
function after(...lists: SeenLoaded[][]): { bytes: number; models: number } {
  const book = createCapacityBook()
  lists.forEach((list, index) => book.saw('a', list, index * 1000))
  const { bytes, models } = book.of('a')
  return { bytes: bytes / GB, models }
}

describe('createCapacityBook', () => {
  it('believes in three models of any size before it has seen anything', () => {
    expect(createCapacityBook().of('a')).toEqual({ bytes: Infinity, models: 3 })
  })

  it('learns from a model that was pushed out, between what fitted and what did not', () => {
    expect(after([model('x', 8)], [model('y', 10)])).toEqual({ bytes: 14, models: 3 })
    expect(after([model('x', 8), model('z', 4)], [model('z', 4), model('y', 8)])).toEqual({ bytes: 16, models: 3 })
  })

  it('takes a model that left by itself for no sign', () => {
    expect(after([model('x', 8, SOON)], [model('y', 10)]).bytes).toBe(Infinity)
    expect(after([model('x', 8)], [], [model('y', 10)]).bytes).toBe(Infinity)
    expect(after([model('x', 8, null)], [model('y', 10)]).bytes).toBe(14)
  })

  it('knows that of several that went the last was one too many', () => {
    expect(after([model('x', 2), model('y', 6)], [model('z', 20)]).bytes).toBe(23)
  })

  it('tells a limit of the number from one of the size', () => {
    const [x, y] = [model('x', 1), model('y', 1)]
    expect(after([x], [y], [model('big', 20)])).toEqual({ bytes: Infinity, models: 1 })
  })

  it('counts four where it has seen four', () => {
    expect(after([model('x', 1), model('y', 1), model('z', 1), model('w', 1)]).models).toBe(4)
  })

  it('believes the younger of two observations that contradict each other', () => {
    const [x, y] = [model('x', 8), model('y', 10)]
    expect(after([x], [y], [x, y]).bytes).toBe(Infinity)
    expect(after([x, y], [], [x], [y]).bytes).toBe(14)
  })

  it('remembers upstreams that have left, but not all of them', () => {
    const book = createCapacityBook()
    for (let index = 0; index < 300; index += 1) {
      book.saw(`agent ${index}`, [model('x', 8)], 0)
      book.saw(`agent ${index}`, [model('y', 10)], 1)
    }
    book.keep(new Set(['agent 0']))
    const known = [0, 1, 199, 299].map((index) => book.of(`agent ${index}`).bytes < Infinity)
    expect(known).toEqual([true, false, false, true])
  })

  it('comes within the size of the smallest model to what an upstream really holds, and never hides what it does hold', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 20, max: 60 }), (seed, memory) => {
        const random = seededRandom(seed)
        const sizes = [3, 5, 9, 13, 17]
        const book = createCapacityBook()
        let loaded: SeenLoaded[] = []
        let most = 0
        for (let at = 0; at < 200; at += 1) {
          const size = sizes[Math.floor(random() * sizes.length)] ?? 3
          if (!loaded.some((each) => each.model === `m${size}`)) {
            loaded = [...loaded, model(`m${size}`, size, null)]
            while (loaded.length > 3 || total(loaded) > memory * GB) loaded = loaded.slice(1)
          }
          most = Math.max(most, total(loaded))
          book.saw('a', loaded, at)
          expect(book.of('a').bytes).toBeGreaterThanOrEqual(total(loaded))
          expect(book.of('a').models).toBeGreaterThanOrEqual(loaded.length)
        }
        const { bytes } = book.of('a')
        if (bytes < Infinity) expect(Math.abs(bytes - memory * GB)).toBeLessThanOrEqual(9 * GB)
        else expect(memory).toBeGreaterThan(30)
      }),
    )
  })
})

describe('seenLoaded', () => {
  it('reads what an entry says, and bears with one that says nothing', () => {
    const entry = { canonical: 'x:latest', remote: false, digest: null }
    expect(seenLoaded({ ...entry, raw: { size: 5, expires_at: '1970-01-01T00:00:01Z' } })).toEqual({
      model: 'x:latest',
      bytes: 5,
      keptUntil: 1000,
    })
    const mute = { model: 'x:latest', bytes: 0, keptUntil: null }
    expect(seenLoaded({ ...entry, raw: {} })).toEqual(mute)
    expect(seenLoaded({ ...entry, raw: { size: -1, expires_at: 'never' } })).toEqual(mute)
  })
})

function total(loaded: readonly SeenLoaded[]): number {
  return loaded.reduce((sum, { bytes }) => sum + bytes, 0)
}
