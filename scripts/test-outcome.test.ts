import { describe, expect, it } from 'vitest'
import { addOutcomes, closingLines, leftOutLines, noOutcome, settleOutcome, type TestOutcome } from './test-outcome.ts'

const good: TestOutcome = { passed: 3, failures: [], leftOut: [] }
const lenient = { everyPart: false, without: [] }
const strict = { everyPart: true, without: [] }

describe('settleOutcome', () => {
  it('takes a run that passed as it is', () => {
    expect(settleOutcome(good, 0)).toEqual(good)
  })
  it('counts a runner that crashed as a failure', () => {
    expect(closingLines(settleOutcome(undefined, 134), lenient).at(-1)).toBe('0 passed, 1 failed')
  })
  it('counts an exit code that the tests do not explain as a failure', () => {
    expect(settleOutcome(good, 1).failures).toHaveLength(1)
  })
  it('counts a run without a single test as a failure', () => {
    expect(settleOutcome(noOutcome, 0).failures).toEqual(['no test ran'])
  })
})

describe('closingLines', () => {
  it('ends with the plain count', () => {
    const both = addOutcomes(good, { passed: 1, failures: ['a > b'], leftOut: [] })
    expect(closingLines(both, lenient)).toEqual(['failed: a > b', '4 passed, 1 failed'])
  })

  const partial: TestOutcome = {
    ...good,
    leftOut: [
      { test: 'one', why: 'nginx is not installed' },
      { test: 'two', why: 'nginx is not installed' },
      { test: 'three', why: undefined },
    ],
  }
  it('names what was left out, once per reason', () => {
    expect(leftOutLines(partial.leftOut)).toEqual(['nginx is not installed (2 tests)', 'three (1 test)'])
    expect(closingLines(partial, lenient).at(-1)).toBe('3 passed, 0 failed')
  })
  it('counts each missing part as a failure where every part is wanted', () => {
    expect(closingLines(partial, strict).at(-1)).toBe('3 passed, 2 failed')
  })
  it('excuses a part that is known to be absent', () => {
    expect(closingLines(partial, { everyPart: true, without: ['nginx'] }).at(-1)).toBe('3 passed, 1 failed')
  })
})
