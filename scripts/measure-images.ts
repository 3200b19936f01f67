import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { images, type Image } from '../test/deploy/docker/image-plan.ts'
import { sizeOf, stageImage } from '../test/deploy/docker/staged-image.ts'

/** Prints the tables of docs/deploy/docker.md: what the images copy, and how long the processes in them take to start. */
const ROUNDS = 9
const root = join(import.meta.dirname, '..')
const megabyte = 1024 * 1024

function withFolder<T>(work: (folder: string) => T): T {
  return work(mkdtempSync(join(tmpdir(), 'corral-measure-')))
}

function printSizes(image: Image): void {
  withFolder((folder) => {
    const { app } = stageImage(image, folder)
    for (const part of ['node_modules', 'src', 'deploy', '.']) {
      const { bytes, files } = sizeOf(join(app, part))
      console.log(`| ${image} | ${part === '.' ? 'all' : part} | ${(bytes / megabyte).toFixed(1)} MB | ${files} |`)
    }
    rmSync(folder, { recursive: true, force: true })
  })
}

interface Start {
  readonly program: string
  readonly programArguments: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly folder: string
  readonly until: RegExp
}

function timeStart({ program, programArguments, env, folder, until }: Start): Promise<number> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now()
    const child = spawn(program, programArguments, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let tookMs: number | undefined
    const read = (chunk: Buffer): void => {
      output += chunk.toString()
      if (tookMs !== undefined || !until.test(output)) return
      tookMs = performance.now() - startedAt
      child.kill('SIGTERM')
    }
    child.stdout.on('data', read)
    child.stderr.on('data', read)
    child.once('error', reject)
    child.once('close', () => {
      if (tookMs === undefined) reject(new Error(`${program} ended before it was ready:\n${output}`))
      else resolve(tookMs)
    })
  })
}

async function printStart(name: string, start: () => Promise<Start>): Promise<void> {
  const times: number[] = []
  for (let round = 0; round < ROUNDS; round += 1) times.push(await timeStart(await start()))
  times.sort((a, b) => a - b)
  const [least = 0, median = 0] = [times[0], times[Math.floor(ROUNDS / 2)]]
  console.log(`| ${name} | ${Math.round(median)} ms | ${Math.round(least)} ms |`)
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

async function measureStarts(folder: string): Promise<void> {
  const { app, data, env } = stageImage('corral', join(folder, 'corral'))
  const path = [folder, join(app, 'deploy/docker/bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter)
  const fake = join(root, 'test/deploy/docker/fake-ollama-command.ts')
  writeFileSync(join(folder, 'ollama'), `#!/bin/sh\nexec node "${fake}" "$@"\n`, { mode: 0o755 })
  const common = { ...env, PATH: path, CORRAL_LISTEN: '127.0.0.1:0' }
  await printStart('corral', async () => ({
    program: 'corral',
    programArguments: ['serve'],
    env: { ...common, OLLAMA_HOST: '127.0.0.1:9' },
    folder: data,
    until: /^corral ready/m,
  }))
  const entrypoint = join(root, 'deploy/docker/corral-ollama/entrypoint.ts')
  await printStart('corral-ollama', async () => ({
    program: 'node',
    programArguments: [entrypoint],
    env: { ...common, AUTH_TOKEN: 'token', OLLAMA_MODEL: 'tiny', OLLAMA_HOST: `127.0.0.1:${await freePort()}` },
    folder: data,
    until: /^corral ready/m,
  }))
}

for (const image of images) printSizes(image)
const folder = mkdtempSync(join(tmpdir(), 'corral-measure-'))
try {
  await measureStarts(folder)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
