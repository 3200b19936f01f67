import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runtimePackages, runtimesFolder } from './runtime-list.ts'

/** Makes .cache/runtimes, the other runtimes that the gateway is tested on; quick when it is up to date. */
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

const packages = runtimePackages()
const stamp = JSON.stringify(packages)
if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === stamp) {
  console.log('The runtimes are up to date')
} else {
  install(packages)
  writeFileSync(stampPath, stamp)
  console.log(`Installed in .cache/runtimes: ${packages.join(', ')}`)
}
