import { describe, expect, it } from 'vitest'
import { judgeRun, type JsonReport } from './runtime-outcome.ts'

const difference = { runtime: 'bun', test: 'test/a.test.ts > suite > differs', what: '', consequence: '' } as const
const options = { runtime: 'bun', differences: [difference], root: '/clone', isWhole: true } as const

function report(tests: Readonly<Record<string, string>>): JsonReport {
  const assertionResults = Object.entries(tests).map(([title, status]) => ({
    ancestorTitles: ['suite'],
    title,
    status,
  }))
  return { testResults: [{ name: '/clone/test/a.test.ts', status: 'passed', assertionResults }] }
}

describe('judgeRun', () => {
  it('takes a listed failure for a difference', () => {
    const outcome = judgeRun(report({ one: 'passed', differs: 'failed', left: 'skipped' }), options)
    expect(outcome).toEqual({ passed: 1, differing: 1, failures: [] })
  })

  it('fails on any other failure, by name', () => {
    const { failures } = judgeRun(report({ one: 'passed', two: 'failed', differs: 'failed' }), options)
    expect(failures).toEqual(['test/a.test.ts > suite > two'])
  })

  it('fails on a listed test that passes or is gone', () => {
    expect(judgeRun(report({ one: 'passed', differs: 'passed' }), options).failures).toEqual([
      'test/a.test.ts > suite > differs passes: take it off the list of differences',
    ])
    expect(judgeRun(report({ one: 'passed' }), options).failures).toEqual([
      'test/a.test.ts > suite > differs is listed as a difference, but there is no such test',
    ])
    expect(judgeRun(report({ one: 'passed' }), { ...options, isWhole: false }).failures).toEqual([])
  })

  it('holds a difference against its own runtime only', () => {
    const { failures } = judgeRun(report({ one: 'passed', differs: 'failed' }), { ...options, runtime: 'deno' })
    expect(failures).toEqual(['test/a.test.ts > suite > differs'])
  })

  it('fails on a file that could not be run, and where nothing passed', () => {
    const broken = {
      name: '/clone/test/b.test.ts',
      status: 'failed',
      message: 'no such export\nat',
      assertionResults: [],
    }
    const { failures } = judgeRun({ testResults: [broken] }, { ...options, differences: [] })
    expect(failures).toEqual(['test/b.test.ts: no such export', 'no test passed'])
  })
})
