/** What one run of the test runner came to. */
export interface TestOutcome {
  readonly passed: number
  /** One line per failed test, per file that could not be loaded, per stray error. */
  readonly failures: readonly string[]
  readonly leftOut: readonly LeftOut[]
}

export interface LeftOut {
  readonly test: string
  /** Why, in the test's own words; undefined where it did not say. */
  readonly why: string | undefined
}

export interface Strictness {
  /** Whether a part that was left out counts as a failure, as in CI. */
  readonly everyPart: boolean
  /** Words that excuse a part all the same: it is known to be absent there. */
  readonly without: readonly string[]
}

export const noOutcome: TestOutcome = { passed: 0, failures: [], leftOut: [] }

export function addOutcomes(one: TestOutcome, other: TestOutcome): TestOutcome {
  return {
    passed: one.passed + other.passed,
    failures: [...one.failures, ...other.failures],
    leftOut: [...one.leftOut, ...other.leftOut],
  }
}

/** An outcome that agrees with the exit code: a run that crashed or ran nothing has failed. */
export function settleOutcome(reported: TestOutcome | undefined, exitCode: number): TestOutcome {
  if (reported === undefined) return { ...noOutcome, failures: [`the test runner itself ended with code ${exitCode}`] }
  if (reported.failures.length > 0) return reported
  if (exitCode !== 0) return { ...reported, failures: [`the test runner ended with code ${exitCode}`] }
  if (reported.passed === 0) return { ...reported, failures: ['no test ran'] }
  return reported
}

/** One line per reason, with how many tests it took out. */
export function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  const counts = new Map<string, number>()
  for (const { test, why } of leftOut) counts.set(why ?? test, (counts.get(why ?? test) ?? 0) + 1)
  return [...counts].map(([reason, count]) => `${reason} (${count} ${count === 1 ? 'test' : 'tests'})`)
}

/** The parts whose absence is a failure under this strictness. */
export function missingParts(leftOut: readonly LeftOut[], strictness: Strictness): LeftOut[] {
  if (!strictness.everyPart) return []
  return leftOut.filter(({ test, why }) => !strictness.without.some((word) => `${test} ${why ?? ''}`.includes(word)))
}

/** The last lines of every test command; machines read the very last one. */
export function closingLines(outcome: TestOutcome, strictness: Strictness): string[] {
  const missing = leftOutLines(missingParts(outcome.leftOut, strictness))
  const failures = [...outcome.failures, ...missing.map((part) => `missing part: ${part}`)]
  return [
    ...leftOutLines(outcome.leftOut).map((line) => `left out: ${line}`),
    ...failures.map((line) => `failed: ${line}`),
    `${outcome.passed} passed, ${failures.length} failed`,
  ]
}
