import { writeFileSync } from 'node:fs'
import type { Reporter, SerializedError, TestCase, TestModule, TestRunEndReason, TestSuite } from 'vitest/node'
import type { LeftOut, TestOutcome } from './test-outcome.ts'

/** Leaves the run's outcome in the file that `CORRAL_TEST_OUTCOME` names, for scripts/test.ts to read. */
export default class OutcomeReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[], reason: TestRunEndReason): void {
    const path = process.env['CORRAL_TEST_OUTCOME']
    if (path === undefined) return
    const outcome = readModules(modules)
    const strays = errors.map((error) => `stray error: ${firstLine(error.message)}`)
    if (reason === 'interrupted') strays.push('interrupted')
    writeFileSync(path, JSON.stringify({ ...outcome, failures: [...outcome.failures, ...strays] }))
  }
}

function readModules(modules: readonly TestModule[]): TestOutcome {
  let passed = 0
  const failures: string[] = []
  const leftOut: LeftOut[] = []
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const result = test.result()
      if (result.state === 'passed') passed += 1
      else if (result.state !== 'skipped') failures.push(`${nameOf(test)} (${result.state})`)
      else if (!stoppedByHook(test)) leftOut.push({ test: nameOf(test), why: result.note })
    }
    failures.push(...moduleErrors(module))
  }
  return { passed, failures, leftOut }
}

/** Errors outside any test: of loading the file, of a suite's hooks. */
function moduleErrors(module: TestModule): string[] {
  const suites = [...module.children.allSuites()]
  const errors = [...module.errors(), ...suites.flatMap((suite) => suite.errors())]
  return errors.map((error) => `${module.relativeModuleId}: ${firstLine(error.message)}`)
}

/** Whether a failed hook kept it from running; the hook's error is told once, not for each test. */
function stoppedByHook(test: TestCase): boolean {
  let parent: TestSuite | TestModule = test.parent
  while (parent.type === 'suite') {
    if (parent.errors().length > 0) return true
    parent = parent.parent
  }
  return parent.errors().length > 0
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}
