import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createBodyBudget } from '../proxy/body-budget.ts'
import { BodyCapture } from './body-capture.ts'

const MAX = 4096

function capture(chunks: readonly (string | Uint8Array)[], { maxBytes = MAX, room = 1e9 } = {}) {
  const budget = createBodyBudget(room)
  const body = new BodyCapture(maxBytes, budget)
  for (const chunk of chunks) body.add(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  const taken = body.take()
  expect(budget.take(room)).toBe(true)
  return taken
}

const image = 'iVBORw0KGgo/AAAA+'.repeat(1000)
const marked = `{"images":["[${image.length} characters of base64]"],"prompt":"What is that?"}`

describe('BodyCapture', () => {
  it('keeps a body as it came, and gives its memory back', () => {
    expect(capture(['{"a":', '"ä', '€"}'])).toEqual({ bytes: 13, text: '{"a":"ä€"}', isCut: false })
    expect(capture([])).toEqual({ bytes: 0, text: '', isCut: false })
  })

  it('puts the length of an image in its place, and keeps what follows', () => {
    const text = `{"images":["${image}"],"prompt":"What is that?"}`
    expect(capture([text])).toEqual({ bytes: text.length, text: marked, isCut: false })
    expect(capture([`data:image/png;base64,${image}`]).text).toBe(
      `data:image/png;base64,[${image.length} characters of base64]`,
    )
  })

  it('leaves long words alone', () => {
    const text = `${'a'.repeat(511)} ${'b'.repeat(500)}`
    expect(capture([text]).text).toBe(text)
  })

  it('cuts what is longer, counts it all the same, and says so', () => {
    const text = 'some words '.repeat(1000)
    expect(capture([text.slice(0, 3000), text.slice(3000)])).toEqual({
      bytes: text.length,
      text: text.slice(0, MAX),
      isCut: true,
    })
    expect(capture(['w '.repeat(MAX / 2)])).toMatchObject({ bytes: MAX, isCut: false })
  })

  it('cuts where all captures together have no more room', () => {
    expect(capture(['some words '.repeat(300)], { room: 1000 })).toEqual({ bytes: 3300, text: '', isCut: true })
  })

  it('gives the same however the body was cut into chunks', () => {
    const body = fc
      .array(
        fc.oneof(fc.constant('x'.repeat(700)), fc.constant('some words, '), fc.constant('y'.repeat(511)), fc.string()),
      )
      .map((parts) => Buffer.from(parts.join('"')))
    fc.assert(
      fc.property(body, fc.array(fc.nat(4000)), (bytes, cuts) => {
        const places = [0, ...cuts.filter((cut) => cut < bytes.length).toSorted((a, b) => a - b), bytes.length]
        const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
        expect(capture(chunks, { maxBytes: 1e6 })).toEqual(capture([bytes], { maxBytes: 1e6 }))
      }),
    )
  })
})
