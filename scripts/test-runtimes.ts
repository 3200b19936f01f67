import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runtimeDifferences } from '../test/system/harness/runtime-differences.ts'
import { parseRuntimeName, runtimeBinary, runtimeNames, type RuntimeName } from './runtime-list.ts'
import { judgeRun, type JsonReport, type RuntimeOutcome } from './runtime-outcome.ts'

/** `[--long] [RUNTIME...] [PATH...]`: the tests that start the product as a process, once on each runtime. */
const root = join(import.meta.dirname, '..')
const allPaths = ['test/system', 'test/faults/hostile', 'test/faults/smuggling/gateway']
/** They are about ways to start, which bring their own runtime. */
const excluded = /^test\/system\/(?:ways\/|demo\.test)/

interface Plan {
  readonly runtimes: readonly RuntimeName[]
  readonly paths: readonly string[]
  /** `long`: also what takes minutes, soaks and slow clients. */
  readonly projects: readonly string[]
}

function parsePlan(argv: readonly string[]): Plan {
  const words = argv.filter((word) => word !== '--long')
  const paths = words.filter((word) => word.includes('/'))
  const runtimes = words
    .filter((word) => !word.includes('/'))
    .map((word) => parseRuntimeName(word, 'npm run test:runtimes'))
  return {
    runtimes: runtimes.length > 0 ? runtimes : runtimeNames.filter((name) => name !== 'node24'),
    paths: paths.length > 0 ? paths : allPaths,
    projects: words.length < argv.length ? ['system', 'long'] : ['system'],
  }
}

async function runOn(runtime: RuntimeName, plan: Plan): Promise<RuntimeOutcome> {
  if (runtimeBinary(runtime) === undefined) {
    return { passed: 0, differing: 0, failures: [`${runtime} is not installed: run "npm run runtimes"`] }
  }
  const folder = mkdtempSync(join(tmpdir(), 'corral-runtimes-'))
  try {
    const reportPath = join(folder, 'report.json')
    const exitCode = await runVitest(runtime, plan, reportPath)
    const report = readReport(reportPath)
    if (report === undefined) {
      return { passed: 0, differing: 0, failures: [`the test runner ended with code ${exitCode}`] }
    }
    const isWhole = plan.paths === allPaths
    return judgeRun(report, { runtime, differences: runtimeDifferences, root, isWhole })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runVitest(runtime: RuntimeName, { projects, paths }: Plan, reportPath: string): Promise<number> {
  const program = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--silent=passed-only', '--reporter=json', `--outputFile.json=${reportPath}`]
  const child = spawn(
    process.execPath,
    [program, 'run', ...projects.map((name) => `--project=${name}`), ...reporters, ...filesOf(paths)],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, CORRAL_TEST_RUNTIME: runtime },
    },
  )
  const stop = (): void => void child.kill('SIGTERM')
  process.once('SIGTERM', stop)
  return new Promise((resolve) => {
    child.once('error', () => resolve(1))
    child.once('close', (code) => {
      process.off('SIGTERM', stop)
      resolve(code ?? 1)
    })
  })
}

/** Vitest takes an exclusion on its command line for the whole, not for a project of it. */
function filesOf(paths: readonly string[]): string[] {
  const files = globSync('test/**/*.test.ts', { cwd: root }).map((path) => path.replaceAll('\\', '/'))
  return files.filter((file) => paths.some((path) => file.startsWith(path)) && !excluded.test(file)).toSorted()
}

function readReport(path: string): JsonReport | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as JsonReport // vitest wrote it
  } catch {
    return undefined
  }
}

async function runAll(plan: Plan): Promise<void> {
  const lines: string[] = []
  let passed = 0
  let failed = 0
  for (const runtime of plan.runtimes) {
    const startedAt = performance.now()
    const outcome = await runOn(runtime, plan)
    const seconds = Math.round((performance.now() - startedAt) / 1000)
    lines.push(...outcome.failures.map((line) => `failed on ${runtime}: ${line}`))
    lines.push(
      `${runtime}: ${outcome.passed} passed, ${outcome.differing} differ as listed, ${outcome.failures.length} failed (${seconds} s)`,
    )
    passed += outcome.passed
    failed += outcome.failures.length
  }
  console.log(`\n${lines.join('\n')}\n${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

try {
  await runAll(parsePlan(process.argv.slice(2)))
} catch (error) {
  console.error((error as Error).message) // parsePlan throws nothing else
  process.exitCode = 2
}
