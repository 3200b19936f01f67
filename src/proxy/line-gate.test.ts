import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LineGate, LONGEST_HELD_BYTES } from './line-gate.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (chunk: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(chunk)

describe('LineGate', () => {
  it('passes a chunk of whole lines itself, uncopied', () => {
    const chunk = bytes('{"a":1}\n{"b":2}\n')
    expect(new LineGate().push(chunk)).toBe(chunk)
  })

  it('holds half a line until its newline comes', () => {
    const gate = new LineGate()
    expect(text(gate.push(bytes('one\ntw')))).toBe('one\n')
    expect(text(gate.push(bytes('o')))).toBe('')
    expect(text(gate.push(bytes('\nthr')))).toBe('two\n')
    expect(text(gate.rest())).toBe('thr')
  })

  it('gives the same bytes for any chunking, and never half a character or half a line', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (lines, sizes) => {
          const all = bytes(lines.map((line) => line.replaceAll('\n', '') + '\n').join(''))
          const gate = new LineGate()
          let passed = ''
          for (let at = 0, i = 0; at < all.length; i++) {
            const size = sizes[i % sizes.length] ?? 1
            const piece = text(gate.push(all.subarray(at, at + size)))
            expect(piece === '' || piece.endsWith('\n')).toBe(true)
            passed += piece
            at += size
          }
          expect(passed).toBe(text(all))
          expect(gate.rest().length).toBe(0)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it('lets a line beyond its bound pass in pieces, and says that the client is inside one', () => {
    const gate = new LineGate()
    const big = new Uint8Array(LONGEST_HELD_BYTES + 1).fill(0x61)
    expect(gate.push(big).length).toBe(big.length)
    expect(gate.insideLine).toBe(true)
    expect(text(gate.push(bytes('b')))).toBe('b')
    expect(text(gate.push(bytes('c\n')))).toBe('c\n')
    expect(gate.insideLine).toBe(false)
  })
})
