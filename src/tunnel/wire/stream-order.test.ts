import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runs } from './__fixtures__/fuzz.ts'
import type { StreamFrame } from './frame.ts'
import { createAnswerOrder, createRequestOrder, type StreamOrder } from './stream-order.ts'

const bytes = new Uint8Array(1)
/** By letter; capitals end the stream's direction. */
const frames: Readonly<Record<string, StreamFrame>> = {
  q: { type: 'request', request: { method: 'GET', target: '/', headers: [], length: null, once: false }, end: false },
  a: { type: 'accept' },
  i: { type: 'info', status: 103, headers: [] },
  r: { type: 'response', status: 200, headers: [], end: false },
  R: { type: 'response', status: 200, headers: [], end: true },
  d: { type: 'data', bytes, end: false },
  D: { type: 'data', bytes, end: true },
  T: { type: 'trailers', headers: [] },
  X: { type: 'reset', code: 'CANCEL', retrySafe: false, reason: '' },
  c: { type: 'cancelled' },
}

/** The judge against a grammar of what was let in so far, written another way. */
function expectLike(order: StreamOrder, grammar: RegExp, letters: readonly string[]): void {
  let heard = ''
  for (const letter of letters) {
    const frame = frames[letter]
    if (frame === undefined) continue
    const verdict = order.judge(frame)
    if (letter === 'c' && grammar.source.includes('a?')) {
      expect(verdict).toBe('fits')
      continue
    }
    if (heard.endsWith('X')) {
      expect(verdict).toBe('late')
      continue
    }
    const fits = letter === 'X' || grammar.test(heard + letter)
    expect([heard, letter, verdict]).toEqual([heard, letter, fits ? 'fits' : 'wrong'])
    // A link resets the stream here; the judge goes on as if nothing had come.
    if (fits) heard += letter
  }
}

const letters = fc.array(fc.constantFrom(...Object.keys(frames), 'd', 'd', 'r'), { maxLength: 12 })

describe('the order of a stream', () => {
  it('of an answer is accept, infos, head, data, end', () => {
    const grammar = /^i*a?i*(R|rd*[DT]?)?$/
    fc.assert(
      fc.property(letters, (all) => expectLike(createAnswerOrder(), grammar, all)),
      runs(1_500),
    )
  })

  it('of a request is data and its end, or nothing where it has ended', () => {
    fc.assert(
      fc.property(letters, (all) => expectLike(createRequestOrder(false), /^d*[DT]?$/, all)),
      runs(1_000),
    )
    expect(createRequestOrder(true).judge({ type: 'data', bytes, end: true })).toBe('wrong')
    expect(createRequestOrder(true).judge({ type: 'trailers', headers: [] })).toBe('wrong')
  })
})
