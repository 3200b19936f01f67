import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { shrinkwrapOf, type LockFile } from './shrinkwrap-of.ts'

/**
 * npm-shrinkwrap.json, made while `npm pack` runs and removed when it is done: beside package-lock.json npm would take
 * it for the lock of the clone.
 */
const root = join(import.meta.dirname, '..')
const path = join(root, 'npm-shrinkwrap.json')

if (process.argv.includes('--remove')) rmSync(path, { force: true })
else {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as LockFile
  writeFileSync(path, `${JSON.stringify(shrinkwrapOf(lock), null, 2)}\n`)
}
