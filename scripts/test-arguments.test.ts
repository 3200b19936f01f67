import { describe, expect, it } from 'vitest'
import { parseTestArguments } from './test-arguments.ts'

describe('parseTestArguments', () => {
  it('runs the fast tier once by default', () => {
    expect(parseTestArguments([])).toEqual({
      times: 1,
      filtered: false,
      vitestArguments: ['--project=unit', '--project=system'],
    })
  })
  it('adds the long tests for the full tier and passes the rest on', () => {
    const plan = parseTestArguments(['--full', 'test/system/cancel.test.ts'])
    expect(plan.vitestArguments.slice(2)).toEqual(['--project=long', 'test/system/cancel.test.ts'])
  })
  it('repeats a file as often as it is told', () => {
    expect(parseTestArguments(['--times', '50', 'a.test.ts']).times).toBe(50)
    expect(() => parseTestArguments(['--times', 'a.test.ts'])).toThrow('whole number')
    expect(() => parseTestArguments(['--times'])).toThrow('whole number')
  })
  it('knows that a name filter leaves the other tests out by choice', () => {
    expect(parseTestArguments(['-t', 'cancel']).filtered).toBe(true)
    expect(parseTestArguments(['--testNamePattern=cancel']).filtered).toBe(true)
  })
})
