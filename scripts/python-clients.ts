import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes .cache/python-clients, the virtual environment of test/clients/python.test.ts; quick when it is up to date. */
const root = join(import.meta.dirname, '..')
const requirementsPath = join(root, 'test', 'clients', 'requirements.txt')
const folder = join(root, '.cache', 'python-clients')
const stampPath = join(folder, 'requirements.txt')

function run(program: string, programArguments: readonly string[]): void {
  const { status, error } = spawnSync(program, programArguments, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? `exit code ${status}`}`)
}

function makeEnvironment(requirements: string): void {
  rmSync(folder, { recursive: true, force: true })
  run('python3', ['-m', 'venv', folder])
  run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--requirement', requirementsPath])
  writeFileSync(stampPath, requirements)
}

const requirements = readFileSync(requirementsPath, 'utf8')
if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === requirements) {
  console.log('The Python clients are up to date')
} else {
  makeEnvironment(requirements)
  console.log('The Python clients are installed in .cache/python-clients')
}
