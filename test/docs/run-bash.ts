import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'

export interface BashResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Shell {
  /** The file that keeps folder and exports from one script to the next. */
  readonly state: string
  /** Where the first script begins. */
  readonly folder: string
  readonly env: NodeJS.ProcessEnv
}

export interface RunningServer {
  readonly url: string
  said(): string
  stop(): Promise<void>
}

/** An installation from a registry may be among the commands. */
const scriptMs = 240_000
const readyMs = 240_000
const stopMs = 40_000

/** A script, run to its end or to its first command that fails. */
export async function runBash(text: string, shell: Shell): Promise<BashResult> {
  const child = spawnBash(`trap '{ export -p; printf "cd %q\\n" "$PWD"; } >"$SHELL_STATE"' EXIT\n${text}`, shell)
  const output = collect(child)
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), scriptMs)
  const code = await ended(child)
  clearTimeout(timer)
  return { code, ...output }
}

const readyLines = { server: /^corral ready (http\S+)$/m, agent: /^corral agent (\S+) connected \w+$/m } as const

/** A command that serves, once it says that it is ready; `url` is the name of an agent. */
export async function startServer(
  command: string,
  shell: Shell,
  kind: keyof typeof readyLines = 'server',
): Promise<RunningServer> {
  const child = spawnBash(command, shell)
  const output = collect(child)
  const said = (): string => `${output.stderr}${output.stdout}`
  const end = ended(child)
  const killNow = (): void => signalGroup(child, 'SIGKILL')
  process.once('exit', killNow)

  async function stop(): Promise<void> {
    const timer = setTimeout(killNow, stopMs)
    signalGroup(child, 'SIGTERM')
    await end
    clearTimeout(timer)
    process.off('exit', killNow)
  }
  const url = await Promise.race([ready(child, output, readyLines[kind]), end.then(() => undefined), wait(readyMs)])
  if (url !== undefined) return { url, said, stop }
  await stop()
  throw new Error(`never became ready: ${command}\n${said().replace(/\bcrl_\w+/g, 'KEY')}`)
}

function spawnBash(text: string, { state, folder, env }: Shell): ChildProcess {
  const script = `${existsSync(state) ? '. "$SHELL_STATE"\n' : ''}set -e\n${text}`
  return spawn('bash', ['-c', script], {
    cwd: folder,
    env: { ...env, SHELL_STATE: state },
    // A group of its own: npm and shells stand between us and what serves.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk: Buffer) => void (output.stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => void (output.stderr += chunk.toString()))
  return output
}

function ready(child: ChildProcess, output: { readonly stdout: string }, line: RegExp): Promise<string> {
  return new Promise((resolve) => {
    child.stdout?.on('data', () => {
      const url = line.exec(output.stdout)?.[1]
      // What was said on stderr before it may come a moment later.
      if (url !== undefined) setTimeout(() => resolve(url), 10)
    })
  })
}

function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code))
  })
}

function wait(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref())
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The group is gone already.
  }
}
