'use strict'

/*
 * Builds the console after `npm ci` in a clone, on whatever Node npm runs on. What is not there, because somebody
 * wants it so (`--omit=dev`), is no failure: the gateway serves without its page, and says how to make it.
 */
const { spawnSync } = require('node:child_process')
const { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { brotliCompressSync, constants, gzipSync } = require('node:zlib')

const root = join(__dirname, '..')
const modules = join(root, 'node_modules')
const asked = process.argv.includes('--asked')
const limitMs = 120_000
const place = join(root, 'console', 'dist')
// Apart until it is whole: a gateway may be serving the one before, and somebody else building too.
const fresh = join(root, '.cache', `console-${process.pid}`)
/** What the page is made of that is not ours. */
const libraries = ['preact', 'uplot']

function build() {
  const missing = ['vite', ...libraries].filter((name) => !existsSync(join(modules, name, 'package.json')))
  if (missing.length > 0) return leave(`${missing.join(', ')} missing (installed without development packages)`)
  const node = findNode()
  if (node === undefined) return leave(`Node ${process.versions.node} is too old to build it`)
  const vite = join(modules, 'vite', 'bin', 'vite.js')
  const { status, signal, stdout, stderr, error } = spawnSync(
    node,
    [vite, 'build', '--config', join('console', 'vite.config.ts'), '--configLoader', 'native', '--outDir', fresh],
    { cwd: root, timeout: limitMs, encoding: 'utf8' },
  )
  if (status === 0) {
    compress()
    return takeOver()
  }
  rmSync(fresh, { recursive: true, force: true })
  const why = error === undefined ? `Vite ended with ${status ?? signal}` : error.message
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`)
  leave(why)
}

/** Once and thoroughly, so that the gateway has nothing to compress. */
function compress() {
  const licences = libraries.map((name) => `${name}\n\n${readFileSync(join(modules, name, 'LICENSE'), 'utf8')}`)
  writeFileSync(join(fresh, 'licences.txt'), licences.join('\n\n'))
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }
  for (const name of readdirSync(fresh, { recursive: true })) {
    if (!/\.(html|js|css|svg|txt)$/.test(name)) continue
    const path = join(fresh, name)
    const content = readFileSync(path)
    writeFileSync(`${path}.br`, brotliCompressSync(content, quality))
    writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }))
  }
}

function takeOver() {
  const before = `${fresh}-before`
  mkdirSync(before)
  if (existsSync(place)) renameSync(place, join(before, 'dist'))
  renameSync(fresh, place)
  rmSync(before, { recursive: true, force: true })
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
