'use strict'

/*
 * Builds the console after `npm ci` in a clone, on whatever Node npm runs on. What is not there, because somebody
 * wants it so (`--omit=dev`), is no failure: the gateway serves without its page, and says how to make it.
 */
const { spawnSync } = require('node:child_process')
const { existsSync } = require('node:fs')
const { join } = require('node:path')

const root = join(__dirname, '..')
const modules = join(root, 'node_modules')
const asked = process.argv.includes('--asked')
const limitMs = 120_000

function build() {
  const missing = ['vite', 'preact', 'uplot'].filter((name) => !existsSync(join(modules, name, 'package.json')))
  if (missing.length > 0) return leave(`${missing.join(', ')} missing (installed without development packages)`)
  const node = findNode()
  if (node === undefined) return leave(`Node ${process.versions.node} is too old to build it`)
  const vite = join(modules, 'vite', 'bin', 'vite.js')
  const { status, signal, stdout, stderr, error } = spawnSync(
    node,
    [vite, 'build', '--config', join('console', 'vite.config.ts'), '--configLoader', 'native'],
    { cwd: root, timeout: limitMs, encoding: 'utf8' },
  )
  if (status === 0) return
  const why = error === undefined ? `Vite ended with ${status ?? signal}` : error.message
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`)
  leave(why)
}

/** This one if it is new enough, else the one that comes with the optional packages. */
function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath
  const brought = join(modules, '.bin', 'node')
  return existsSync(brought) ? brought : undefined
}

/** Only who asked for the build wants to see it fail. */
function leave(why) {
  process.stderr.write(`The console was not built: ${why}. Later: npm ci && npm run build:console\n`)
  if (asked) process.exitCode = 1
}

build()
