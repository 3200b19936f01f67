import { describe, expect, it } from 'vitest'
import { SlotBook } from './slot-book.ts'
import type { SlotLearner } from './slot-learner.ts'

const NO_TRY = 1
const TRY = 2

/** A learner that has found out over and over that there is one slot, and so seldom tries. */
function weary(book: SlotBook, server: string, model: string): SlotLearner {
  const learner = book.create(server, model)
  let at = 0
  for (let round = 0; round < 100; round += 1) {
    const [first, second] = [`${round} first`, `${round} second`]
    learner.granted(first, at)
    learner.began(first, at + 100)
    if (learner.limit(1) === TRY) learner.granted(second, at + 200)
    learner.ended(first, at + 4000)
    learner.began(second, at + 4100)
    learner.ended(second, at + 8000)
    at += 10_000
  }
  learner.granted('last', at)
  learner.began('last', at + 100)
  expect(learner.limit(1)).toBe(NO_TRY)
  return learner
}

describe('SlotBook', () => {
  it('has slots tried for again where a model is loaded for a request, and nowhere else', () => {
    const book = new SlotBook()
    const [here, other, elsewhere] = [weary(book, 'a', 'm'), weary(book, 'a', 'n'), weary(book, 'b', 'm')]
    book.loads('a', 'm')
    expect([here, other, elsewhere].map((learner) => learner.limit(1))).toEqual([TRY, NO_TRY, NO_TRY])
  })

  it('has slots tried for again where a model was seen not to be loaded', () => {
    const book = new SlotBook()
    book.saw('a', '0.24.0', new Set(['m', 'n']))
    const [gone, stays] = [weary(book, 'a', 'm'), weary(book, 'a', 'n')]
    book.saw('a', '0.24.0', new Set(['n']))
    expect([gone, stays].map((learner) => learner.limit(1))).toEqual([TRY, NO_TRY])
  })

  it('has slots tried for again where the server has another version', () => {
    const book = new SlotBook()
    book.saw('a', '0.24.0', new Set(['m']))
    const learner = weary(book, 'a', 'm')
    book.saw('a', '0.24.0', new Set(['m']))
    expect(learner.limit(1)).toBe(NO_TRY)
    book.saw('a', '0.25.0', new Set(['m']))
    expect(learner.limit(1)).toBe(TRY)
  })

  it('forgets servers that are gone', () => {
    const book = new SlotBook()
    const learner = weary(book, 'a', 'm')
    book.keep(new Set(['b']))
    book.loads('a', 'm')
    expect(learner.limit(1)).toBe(NO_TRY)
  })
})
