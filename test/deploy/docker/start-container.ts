import { spawn } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'
import { tempFolder } from '../../fakes/temp-folder.ts'
import type { FakeOllamaOptions } from '../../fakes/fake-ollama/options.ts'
import { cleanEnvironment } from '../../system/harness/clean-environment.ts'
import { ROOT } from '../../system/harness/start-gateway.ts'

export interface Container {
  readonly url: string
  readonly ollamaUrl: string
  readonly folder: string
  readonly pid: number
  log(): string
  facts(): { pid: number; runner: number; controlUrl: string; environment: Record<string, string> }
  said(what: string | RegExp): Promise<void>
  signal(signal: NodeJS.Signals): void
  /** The pid of the Corral that runs in it. */
  corralPid(): number
  readonly exited: Promise<number | null>
  /** Processes of it that are there now. */
  processes(): number[]
}

export interface ContainerTerms {
  readonly env?: Readonly<Record<string, string>>
  readonly ollama?: FakeOllamaOptions
  /** Without an `ollama` in PATH. */
  readonly bare?: boolean
}

const ENTRYPOINT = join(ROOT, 'deploy/docker/corral-ollama/entrypoint.ts')

/** The entrypoint as a program, `corral` from the image and a fake `ollama` in its PATH. */
export async function startContainer({ env = {}, ollama = {}, bare = false }: ContainerTerms = {}): Promise<Container> {
  const folder = tempFolder()
  const factsPath = join(folder, 'facts.json')
  const [port, ollamaPort] = [await freePort(), await freePort()]
  const fake = `#!/bin/sh\nexec "${process.execPath}" "${join(import.meta.dirname, 'fake-ollama-command.ts')}" "$@"\n`
  if (!bare) writeFileSync(join(folder, 'ollama'), fake, { mode: 0o755 })
  const path = [folder, join(ROOT, 'deploy/docker/bin'), dirname(process.execPath), '/usr/bin', '/bin']
  const mark = randomUUID()
  const child = spawn(process.execPath, [ENTRYPOINT], {
    cwd: folder,
    env: {
      ...cleanEnvironment(),
      PATH: path.join(delimiter),
      TEST_RUN: mark,
      PORT: String(port),
      OLLAMA_HOST: `127.0.0.1:${ollamaPort}`,
      FAKE_OLLAMA_OPTIONS: JSON.stringify({ models: [], ...ollama }),
      FAKE_OLLAMA_FACTS: factsPath,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void (log += chunk.toString()))
  // Not `close`: whoever is left behind holds the pipes open, and that is what is looked for.
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const processes = (): number[] => markedProcesses(mark)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
    for (const pid of processes()) process.kill(pid, 'SIGKILL')
  })
  return {
    url: `http://127.0.0.1:${port}`,
    ollamaUrl: `http://127.0.0.1:${ollamaPort}`,
    folder,
    pid: child.pid ?? 0,
    log: () => log,
    facts: () => JSON.parse(readFileSync(factsPath, 'utf8')) as ReturnType<Container['facts']>,
    said: (what) => vi.waitFor(() => expect(log).toMatch(what), { timeout: 15_000, interval: 20 }),
    signal: (signal) => void child.kill(signal),
    corralPid: () => processes().find((pid) => commandLine(pid).includes('bin/corral')) ?? 0,
    exited,
    processes,
  }
}

export const hasProcFolder = existsSync('/proc/self/environ')

function markedProcesses(mark: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  return pids.map(Number).filter((pid) => readProc(pid, 'environ').includes(`TEST_RUN=${mark}`))
}

function commandLine(pid: number): string {
  return readProc(pid, 'cmdline').replaceAll('\0', ' ')
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

/** Below the ports that the system gives out by itself, or somebody else's socket might have it by the time it is used. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
