import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cleanEnvironment } from './clean-environment.ts'
import { MAIN, productCommand } from './product-command.ts'
import { ROOT, type RunningGateway } from './start-gateway.ts'

export interface AgentOptions {
  /** Where it dials: the gateway, or a relay before it. */
  readonly server: string
  readonly key: string
  readonly ollama: string
  readonly id: string
  readonly transport?: 'ws' | 'sse' | 'auto'
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Options of Node itself, such as the size of its heap. */
  readonly nodeArgs?: readonly string[]
  /** Through `npm run --silent corral --`, as automation starts it. */
  readonly viaNpm?: boolean
  /** Returns at once, for one that is not expected to connect. */
  readonly unawaited?: boolean
  readonly connectedMs?: number
}

export interface StartedAgent extends AsyncDisposable {
  readonly id: string
  readonly pid: number
  stdout(): string
  stderr(): string
  /** The transports of its connected lines so far, in order. */
  connections(): readonly string[]
  /** Resolves once it has connected so many times. */
  connected(times: number, timeoutMs?: number): Promise<void>
  /** Resolves with what stderr holds once it matches. */
  said(pattern: RegExp, timeoutMs?: number): Promise<string>
  signal(signal: NodeJS.Signals): void
  /** Sends the signal and waits for the end; null where a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  kill9(): Promise<void>
  readonly exited: Promise<number | null>
}

/** A `corral agent` as a process of its own, connected. */
export async function startAgent(options: AgentOptions): Promise<StartedAgent> {
  const folder = await mkdtemp(join(tmpdir(), 'corral-agent-'))
  const child = spawnAgent(options, folder)
  const output = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  const tell = (): void => [...listeners].forEach((listener) => listener())
  child.stdout?.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString()
    tell()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString()
    tell()
  })
  let hasExited = false
  const exited = new Promise<number | null>((resolve) => {
    // Not `exit`: what was printed last has been read by then.
    child.once('close', (code) => {
      hasExited = true
      resolve(code)
      tell()
    })
  })
  const line = new RegExp(`^corral agent ${options.id.replaceAll('.', '\\.')} connected (ws|sse)$`, 'gm')
  const connections = (): string[] => [...output.stdout.matchAll(line)].map((match) => match[1] ?? '')

  function until<T>(what: string, timeoutMs: number, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (act: () => void): void => {
        listeners.delete(check)
        clearTimeout(timer)
        act()
      }
      const failure = (why: string): Error =>
        new Error(`agent ${options.id} ${why} before ${what}\n${output.stdout}\n${output.stderr}`)
      const check = (): void => {
        const found = look()
        if (found !== undefined) settle(() => resolve(found))
        else if (hasExited) settle(() => reject(failure('ended')))
      }
      const timer = setTimeout(() => settle(() => reject(failure(`took ${timeoutMs} ms`))), timeoutMs)
      listeners.add(check)
      check()
    })
  }
  const signal = (name: NodeJS.Signals): void => {
    if (child.exitCode === null && child.signalCode === null) child.kill(name)
  }
  const killNow = (): void => (options.viaNpm === true ? killGroup(child) : signal('SIGKILL'))
  // A test run that is cut short leaves no agent behind.
  atExit(killNow)
  const agent: StartedAgent = {
    id: options.id,
    pid: child.pid ?? 0,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    connections,
    connected: (times, timeoutMs = 15_000) =>
      until(`connection ${times}`, timeoutMs, () => (connections().length >= times ? true : undefined)).then(
        () => undefined,
      ),
    said: (pattern, timeoutMs = 10_000) =>
      until(`${pattern}`, timeoutMs, () => (pattern.test(output.stderr) ? output.stderr : undefined)),
    signal,
    async stop(name = 'SIGTERM') {
      signal(name)
      return exited
    },
    async kill9() {
      signal('SIGKILL')
      await exited
    },
    exited,
    async [Symbol.asyncDispose]() {
      atExitNoMore(killNow)
      killNow()
      await exited
      await rm(folder, { recursive: true, force: true })
    },
  }
  if (options.unawaited === true) return agent
  try {
    await agent.connected(1, options.connectedMs)
    return agent
  } catch (error) {
    await agent[Symbol.asyncDispose]()
    throw error
  }
}

/** A key that an agent of these pools connects with, made by the CLI in a process of its own. */
export function createAgentKey(
  gateway: RunningGateway,
  options: { readonly name?: string; readonly pools?: readonly string[] } = {},
): Promise<string> {
  const pools = (options.pools ?? ['default']).flatMap((pool) => ['--pool', pool])
  return gateway.createKey({
    args: ['--agent', ...pools],
    ...(options.name === undefined ? {} : { name: options.name }),
  })
}

function spawnAgent(options: AgentOptions, folder: string): ChildProcess {
  const { server, key, ollama, id, transport = 'auto' } = options
  const flags = ['--server', server, '--key', key, '--ollama', ollama, '--id', id, '--transport', transport]
  const agent = ['agent', ...flags, ...(options.args ?? [])]
  const env = { ...cleanEnvironment(), ...options.env }
  if (options.viaNpm === true) {
    const command = ['run', '--silent', 'corral', '--', ...agent]
    // A group of its own, because npm stands between and a SIGKILL to npm would leave the agent.
    return spawn('npm', command, { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  }
  const command =
    options.nodeArgs === undefined
      ? productCommand(agent)
      : { program: process.execPath, args: [...options.nodeArgs, MAIN, ...agent], env: {} }
  return spawn(command.program, command.args, {
    cwd: folder,
    env: { ...command.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

const left = new Set<() => void>()
const killLeft = (): void => left.forEach((kill) => kill())

/** One listener for all of them: a thousand are no leak. */
function atExit(kill: () => void): void {
  if (left.size === 0) process.once('exit', killLeft)
  left.add(kill)
}

function atExitNoMore(kill: () => void): void {
  left.delete(kill)
  if (left.size === 0) process.off('exit', killLeft)
}

/** Whoever is left, also where npm has gone and left the agent alone. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // The group is gone already.
  }
}
