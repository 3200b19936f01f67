import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chosenRuntime } from './runtime-list.ts'
import { parseTestArguments, type TestPlan } from './test-arguments.ts'
import { addOutcomes, closingLines, noOutcome, settleOutcome } from './test-outcome.ts'
import type { Strictness, TestOutcome } from './test-outcome.ts'

const root = join(import.meta.dirname, '..')

interface Run {
  readonly exitCode: number
  readonly output: string
  readonly outcome: TestOutcome
}

/** Runs vitest once. A run among many keeps quiet: its output is shown only if it failed. */
async function runOnce(plan: TestPlan, quiet: boolean): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'corral-test-'))
  const outcomePath = join(folder, 'outcome.json')
  try {
    const { exitCode, output } = await runVitest(plan, outcomePath, quiet)
    return { exitCode, output, outcome: settleOutcome(readOutcome(outcomePath), exitCode) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runVitest(plan: TestPlan, outcomePath: string, quiet: boolean): Promise<{ exitCode: number; output: string }> {
  const program = join(root, 'node_modules', 'vitest', 'vitest.mjs')
  const child = spawn(process.execPath, [program, 'run', ...plan.vitestArguments], {
    cwd: root,
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? join(root, 'node_modules', '.cache', 'compile'),
      CORRAL_TEST_OUTCOME: outcomePath,
    },
  })
  const stop = (): void => void child.kill('SIGTERM')
  process.once('SIGTERM', stop)
  const output: string[] = []
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()))
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ exitCode: 1, output: error.message }))
    child.once('close', (code) => {
      process.off('SIGTERM', stop)
      resolve({ exitCode: code ?? 1, output: output.join('') })
    })
  })
}

function readOutcome(path: string): TestOutcome | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as TestOutcome // our own reporter wrote it
  } catch {
    return undefined
  }
}

function readPlan(): TestPlan {
  try {
    chosenRuntime(process.env)
    return parseTestArguments(process.argv.slice(2))
  } catch (error) {
    console.error((error as Error).message) // neither throws anything else
    return process.exit(2)
  }
}

async function runAll(plan: TestPlan): Promise<TestOutcome> {
  let sum = noOutcome
  for (let time = 1; time <= plan.times; time += 1) {
    const { outcome, output } = await runOnce(plan, plan.times > 1)
    sum = addOutcomes(sum, outcome)
    if (plan.times === 1) continue
    if (outcome.failures.length > 0) console.log(output)
    console.log(`run ${time} of ${plan.times}: ${outcome.failures.length === 0 ? 'passed' : 'failed'}`)
  }
  return sum
}

const plan = readPlan()
const ci = process.env['CI'] ?? ''
const strictness: Strictness = {
  everyPart: !plan.filtered && ci !== '' && ci !== 'false' && ci !== '0',
  without: (process.env['CORRAL_TEST_WITHOUT'] ?? '').split(',').filter((word) => word !== ''),
}
const outcome = await runAll(plan)
const lines = closingLines(plan.filtered ? { ...outcome, leftOut: [] } : outcome, strictness)
console.log(`\n${lines.join('\n')}`)
process.exitCode = lines.at(-1) === `${outcome.passed} passed, 0 failed` ? 0 : 1
