import type { RuntimeDifference } from '../test/system/harness/runtime-differences.ts'
import type { RuntimeName } from './runtime-list.ts'

/** The parts of vitest's JSON report that are read here. */
export interface JsonReport {
  readonly testResults: readonly {
    readonly name: string
    readonly message?: string
    readonly status: string
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[]
      readonly title: string
      readonly status: string
    }[]
  }[]
}

export interface RuntimeOutcome {
  readonly passed: number
  /** How many failed as the list of differences says. */
  readonly differing: number
  /** One line each: unlisted failures, listed tests that pass, and where everything ran, listed ones that are gone. */
  readonly failures: readonly string[]
}

export interface JudgeOptions {
  readonly runtime: RuntimeName
  readonly differences: readonly RuntimeDifference[]
  readonly root: string
  /** Whether all tests ran, so that a listed one must be among them. */
  readonly isWhole: boolean
}

/** What a run came to, held against the differences that are known. */
export function judgeRun(report: JsonReport, options: JudgeOptions): RuntimeOutcome {
  const statuses = readStatuses(report, options.root)
  const known = new Set(
    options.differences.filter(({ runtime }) => runtime === options.runtime).map(({ test }) => test),
  )
  const failures = report.testResults
    .filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
    .map(
      ({ name, message }) => `${relativeTo(options.root, name)}: ${message?.split('\n', 1)[0] ?? 'could not be run'}`,
    )
  let passed = 0
  let differing = 0
  for (const [test, status] of statuses) {
    if (status === 'passed' && known.has(test)) failures.push(`${test} passes: take it off the list of differences`)
    else if (status === 'passed') passed += 1
    else if (status === 'failed' && known.has(test)) differing += 1
    else if (status === 'failed') failures.push(test)
  }
  const gone = options.isWhole ? [...known].filter((test) => !statuses.has(test)) : []
  failures.push(...gone.map((test) => `${test} is listed as a difference, but there is no such test`))
  if (passed === 0) failures.push('no test passed')
  return { passed, differing, failures }
}

function readStatuses(report: JsonReport, root: string): Map<string, string> {
  const statuses = new Map<string, string>()
  for (const { name, assertionResults } of report.testResults) {
    for (const { ancestorTitles, title, status } of assertionResults) {
      statuses.set([relativeTo(root, name), ...ancestorTitles, title].join(' > '), status)
    }
  }
  return statuses
}

function relativeTo(root: string, path: string): string {
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path
}
