import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFakeOllama } from '../test/fakes/fake-ollama/fake-ollama.ts'
import { productCommand } from '../test/system/harness/product-command.ts'
import { keepFile } from './keep-file.ts'
import { replaceSection } from './page-section.ts'
import { runtimeBinary, runtimeNames, type RuntimeName } from './runtime-list.ts'

/** Starts the gateway on each runtime in turns, and writes what that took into docs/deploy/runtimes.md. Linux only. */
const rounds = 5
const requestsAtOnce = 16
const requestsInAll = 2_000
const pagePath = join(import.meta.dirname, '..', 'docs', 'deploy', 'runtimes.md')

interface Measured {
  readonly startMs: number
  readonly idleMegabytes: number
  readonly busyMegabytes: number
}

async function measure(runtime: RuntimeName, upstream: string): Promise<Measured> {
  process.env['CORRAL_TEST_RUNTIME'] = runtime
  const folder = mkdtempSync(join(tmpdir(), 'corral-measure-'))
  const configPath = join(folder, 'corral.json')
  const config = { store: { url: `sqlite:${join(folder, 'corral.db')}` }, upstreams: [{ name: 'fake', url: upstream }] }
  writeFileSync(configPath, JSON.stringify(config))
  const command = productCommand(['serve', '--config', configPath, '--listen', '127.0.0.1:0'])
  const startedAt = performance.now()
  const child = spawn(command.program, command.args, {
    cwd: folder,
    env: { ...process.env, ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  try {
    const { url, key } = await ready(child)
    const startMs = performance.now() - startedAt
    const idleMegabytes = resident(child.pid)
    await load(url, key)
    return { startMs, idleMegabytes, busyMegabytes: resident(child.pid) }
  } finally {
    child.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
}

function ready(child: ReturnType<typeof spawn>): Promise<{ url: string; key: string }> {
  let text = ''
  return new Promise((resolve, reject) => {
    const look = (chunk: Buffer): void => {
      text += chunk.toString()
      const url = /^corral ready (\S+)$/m.exec(text)?.[1]
      const key = /\bcrl_\w{20,}/.exec(text)?.[0]
      if (url !== undefined && key !== undefined) resolve({ url, key })
    }
    child.stdout?.on('data', look)
    child.stderr?.on('data', look)
    child.once('exit', () => reject(new Error(`the gateway did not start:\n${text}`)))
  })
}

async function load(url: string, key: string): Promise<void> {
  let left = requestsInAll
  async function one(): Promise<void> {
    while (left > 0) {
      left -= 1
      const headers = { authorization: `Bearer ${key}` }
      const response = await fetch(`${url}/api/show`, { method: 'POST', headers, body: '{"model":"tiny"}' })
      await response.arrayBuffer()
      if (response.status !== 200) throw new Error(`the gateway answered ${response.status}`)
    }
  }
  await Promise.all(Array.from({ length: requestsAtOnce }, one))
}

function resident(pid: number | undefined): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN
}

function versionOf(runtime: RuntimeName): string {
  const { stdout } = spawnSync(runtimeBinary(runtime) ?? '', ['--version'], { encoding: 'utf8' })
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? ''
}

const names: Readonly<Record<RuntimeName, string>> = { node24: 'Node', node26: 'Node', deno: 'Deno', bun: 'Bun' }

async function measureAll(): Promise<string> {
  await using fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
  const measured = new Map<RuntimeName, Measured[]>(runtimeNames.map((name) => [name, []]))
  // One round more, which only warms what each runtime keeps on disk.
  for (let round = 0; round <= rounds; round += 1) {
    for (const runtime of runtimeNames) {
      const found = await measure(runtime, fake.url)
      if (round > 0) measured.get(runtime)?.push(found)
    }
  }
  const column = (runtime: RuntimeName, key: keyof Measured): number =>
    middle((measured.get(runtime) ?? []).map((one) => one[key]))
  const cell = (runtime: RuntimeName, key: keyof Measured, unit: string): string => {
    const value = column(runtime, key)
    return `${Math.round(value)} ${unit} (${(value / column('node24', key)).toFixed(2)})`
  }
  const rows = runtimeNames.map((runtime) => {
    const label = `${names[runtime]} ${versionOf(runtime)}`
    const cells = [
      cell(runtime, 'startMs', 'ms'),
      cell(runtime, 'idleMegabytes', 'MB'),
      cell(runtime, 'busyMegabytes', 'MB'),
    ]
    return `| ${label} | ${cells.join(' | ')} |`
  })
  const head = '| | start to ready | resident, idle | resident, after the load |\n|---|---|---|---|'
  return `${head}\n${rows.join('\n')}`
}

const page = readFileSync(pagePath, 'utf8')
keepFile(pagePath, replaceSection(page, 'measured', await measureAll()), false)
