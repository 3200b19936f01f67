#!/usr/bin/env node
'use strict'

// What the installed package starts with. Any Node from 12 on can read this file, so that one that is too old for
// Corral hands over to the Node that came along, or can say which one it takes.

const { spawn } = require('child_process')
const { existsSync } = require('fs')
const { join } = require('path')
const { pathToFileURL } = require('url')

const oldestNode = 24
const program = join(__dirname, '..', 'dist', 'main.js')

function start() {
  if (isRunByNpx()) endWithParent()
  if (!existsSync(program)) return refuse('dist/ is missing: run "npm run build", or "npm start" which needs none')
  if (isNewEnough()) return import(pathToFileURL(program).href)
  const node = findNode()
  if (node === undefined) return refuse(tooOld())
  return handOver(node)
}

/** Not by a script that was run by npx and may want to leave a gateway behind. */
function isRunByNpx() {
  const { npm_command: command, npm_lifecycle_script: script } = process.env
  return command === 'exec' && /^'?corral\b[^&;|]*$/.test(script)
}

/**
 * npx puts a shell between itself and what it runs: a SIGTERM to npx ends npx and that shell, and comes no further.
 * So the shell's end is taken for the signal, unless that has come by itself, as it does from a terminal: the program
 * takes a second one for impatience.
 */
function endWithParent() {
  const parent = process.ppid
  let isGone = false
  const watch = setInterval(() => {
    if (isGone) {
      clearInterval(watch)
      process.kill(process.pid, 'SIGTERM')
    }
    isGone = process.ppid !== parent
  }, 100)
  watch.unref()
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      clearInterval(watch)
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
    })
  }
}

/** Bun and Deno have a version of Node that they pass for; what they can do is not said by it. */
function isNewEnough() {
  const { bun, deno, node } = process.versions
  return bun !== undefined || deno !== undefined || parseInt(node, 10) >= oldestNode
}

function platforms() {
  return Object.keys(require('../package.json').optionalDependencies).filter((name) => name.startsWith('node-'))
}

/** The Node that npm installed with this package, if it has one for this machine. */
function findNode() {
  const here = `-${process.platform}-${process.arch}`
  for (const name of platforms().filter((each) => each.endsWith(here))) {
    try {
      return require.resolve(`${name}/bin/node`)
    } catch {
      // Left out, or for another machine.
    }
  }
  return undefined
}

function tooOld() {
  const brought = platforms().map((name) => name.replace(/^node-(bin-)?/, ''))
  return `Node ${process.versions.node} is too old: Corral needs Node ${oldestNode} or newer, or npm's optional packages, which bring one for ${brought.join(', ')}`
}

/**
 * In a session of its own: Ctrl-C reaches this process only, and the program learns of it once and not twice. The
 * channel tells it when this process is gone, however that came.
 */
function handOver(node) {
  const before = ['--require', join(__dirname, 'end-with-launcher.cjs')]
  const child = spawn(node, [...process.execArgv, ...before, program, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    detached: true,
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => refuse(`${tooOld()}; the one at ${node} does not start (${error.code})`))
  child.on('exit', (code, signal) => {
    if (signal === null) return process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function refuse(sentence) {
  process.stderr.write(`corral: ${sentence}\n`)
  process.exitCode = 1
}

start()
