import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { denoConfig, isLocked } from './deno-config.ts'
import { keepFile } from './keep-file.ts'
import { denoCache, runtimeBinary } from './runtime-list.ts'

/** Keeps deno.json and deno.lock in step with the libraries of package.json; the lock takes Deno (npm run runtimes). */
const root = join(import.meta.dirname, '..')
const lockPath = join(root, 'deno.lock')
const check = process.argv.includes('--check')

function writeLock(): void {
  const deno = runtimeBinary('deno')
  if (deno === undefined) throw new Error('deno.lock is written by Deno: run "npm run runtimes" first')
  rmSync(lockPath, { force: true })
  const env = { ...process.env, DENO_DIR: denoCache, DENO_NO_PACKAGE_JSON: '1' }
  const cache = ['cache', '--quiet', '--node-modules-dir=none', '--frozen=false', 'src/main.ts']
  const { status } = spawnSync(deno, cache, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] })
  if (status !== 0) throw new Error(`deno cache ended with ${status}`)
}

const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>
}
keepFile(join(root, 'deno.json'), denoConfig(dependencies), check)
const lock = existsSync(lockPath) ? readFileSync(lockPath, 'utf8') : '{}'
if (!isLocked(lock, dependencies)) {
  if (check) {
    console.error('deno.lock is not in step with package.json')
    process.exitCode = 1
  } else writeLock()
}
