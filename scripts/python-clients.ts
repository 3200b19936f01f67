import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes the virtual environments of the tests that need Python, in .cache/; quick where one is up to date. */
const root = join(import.meta.dirname, '..')
const environments = [
  { what: 'The Python clients', name: 'python-clients', requirements: 'test/clients/requirements.txt' },
  { what: 'Schemathesis', name: 'schemathesis', requirements: 'test/system/schemathesis/requirements.txt' },
]

function run(program: string, programArguments: readonly string[]): void {
  const { status, error } = spawnSync(program, programArguments, { stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? `exit code ${status}`}`)
}

function bringUpToDate({ what, name, requirements }: (typeof environments)[number]): void {
  const wanted = readFileSync(join(root, requirements), 'utf8')
  const folder = join(root, '.cache', name)
  const stampPath = join(folder, 'requirements.txt')
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === wanted) {
    console.log(`${what}: up to date`)
    return
  }
  rmSync(folder, { recursive: true, force: true })
  run('python3', ['-m', 'venv', folder])
  run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--requirement', join(root, requirements)])
  writeFileSync(stampPath, wanted)
  console.log(`${what}: installed in .cache/${name}`)
}

/** One that cannot be made takes the others nothing away. */
for (const environment of environments) {
  try {
    bringUpToDate(environment)
  } catch (error) {
    console.error(`${environment.what}: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
