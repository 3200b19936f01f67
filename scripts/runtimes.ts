import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { denoCache, runtimeBinary, runtimePackages, runtimesFolder } from './runtime-list.ts'

/** Makes .cache/runtimes, the other runtimes that the gateway is tested on; quick when it is up to date. */
const root = join(import.meta.dirname, '..')
const folder = runtimesFolder
const stampPath = join(folder, 'installed.json')

function install(packages: readonly string[]): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  // A package of its own, so that npm does not climb to the one of this repository.
  writeFileSync(join(folder, 'package.json'), '{ "private": true }\n')
  const npm = [
    'install',
    '--no-save',
    '--no-package-lock',
    '--ignore-scripts',
    '--no-fund',
    '--no-audit',
    '--loglevel=error',
  ]
  const { status, error } = spawnSync('npm', [...npm, ...packages], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) throw new Error(`npm failed: ${error?.message ?? `exit code ${status}`}`)
}

/** What the product needs, so that no test waits for it. */
function fetchLibraries(): void {
  const deno = runtimeBinary('deno')
  if (deno === undefined) throw new Error('Deno is not where it was installed')
  const env = { ...process.env, DENO_DIR: denoCache, DENO_NO_PACKAGE_JSON: '1' }
  const { status } = spawnSync(deno, ['cache', '--quiet', '--node-modules-dir=none', 'src/main.ts'], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (status !== 0) throw new Error(`deno cache ended with ${status}`)
}

const packages = runtimePackages()
const stamp = JSON.stringify(packages)
if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) {
  console.log('The runtimes are up to date')
} else {
  install(packages)
  writeFileSync(stampPath, stamp)
  console.log(`Installed in .cache/runtimes: ${packages.join(', ')}`)
}
fetchLibraries()
