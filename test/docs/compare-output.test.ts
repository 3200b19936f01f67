import { describe, expect, it } from 'vitest'
import { isOutput } from './compare-output.ts'

describe('what a page shows of an output', () => {
  it.each([
    ['a\nb\n', 'a\nb\n'],
    ['a  \nb', 'a\nb  \n\n'],
    ['...\nb\n', 'x\ny\nb\n'],
    ['a\n...\n', 'a\n'],
    ['a\n...\nd', 'a\nb\nc\nd\n'],
    ['...', 'a\nb'],
  ])('holds: %j of %j', (shown, printed) => expect(isOutput(shown, printed)).toBe(true))

  it.each([
    ['a\n', 'a\nb\n'],
    ['a\nb\n', 'a\n'],
    ['...\nb\n', 'b\nc\n'],
    ['a...', 'abc'],
    ['  a', 'a'],
  ])('does not hold: %j of %j', (shown, printed) => expect(isOutput(shown, printed)).toBe(false))
})
