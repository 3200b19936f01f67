import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'

const root = join(import.meta.dirname, '..')

/** Everything that must hold before a change lands, the quick ones first; stops at the first that does not. */
const steps = ['format:check', 'lint', 'types', 'knip', 'docs:check', 'test'] as const

const skipped = process.argv.slice(2).flatMap((word) => (word.startsWith('--no-') ? [word.slice('--no-'.length)] : []))
const unknown = skipped.find((name) => !(steps as readonly string[]).includes(name))

/** Runs one npm script; the last shows its output as it comes, the others only when they fail. */
function runStep(name: string, live: boolean): Promise<{ ok: boolean; output: string }> {
  const child = spawn('npm', ['run', '--silent', name], {
    cwd: root,
    stdio: ['ignore', live ? 'inherit' : 'pipe', live ? 'inherit' : 'pipe'],
    shell: process.platform === 'win32',
  })
  const output: string[] = []
  child.stdout?.on('data', (chunk: Buffer) => output.push(chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => output.push(chunk.toString()))
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ ok: false, output: error.message }))
    child.once('close', (code) => resolve({ ok: code === 0, output: output.join('') }))
  })
}

async function check(): Promise<boolean> {
  for (const name of steps.filter((step) => !skipped.includes(step))) {
    const startedAt = performance.now()
    const { ok, output } = await runStep(name, name === 'test')
    const took = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${name.padEnd(14)} ${took}`)
    if (!ok) {
      console.log(`${output}\nRun it alone with: npm run ${name}`)
      return false
    }
  }
  return true
}

if (unknown !== undefined) {
  console.error(`There is no step "${unknown}" to leave out: it is one of ${steps.join(', ')}`)
  process.exitCode = 2
} else {
  process.exitCode = (await check()) ? 0 : 1
}
