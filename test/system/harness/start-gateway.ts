import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cleanEnvironment } from './clean-environment.ts'
import { MAIN, productCommand } from './product-command.ts'
import { runCommand, type CommandResult } from './run-command.ts'

export interface GatewayOptions {
  /** Laid over a config with a store of its own and no upstreams. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  /** After `serve --config F --listen 127.0.0.1:0`. */
  readonly args?: readonly string[]
  /** Through `npm run --silent corral --`, as automation starts it. */
  readonly viaNpm?: boolean
  /** A folder to start in again, left in place at the end; otherwise a fresh one that goes with the gateway. */
  readonly folder?: string
  readonly readyMs?: number
  /** A program, with its arguments, that becomes the gateway or a command: what to run follows. */
  readonly through?: readonly string[]
}

export interface KeyOptions {
  readonly name?: string
  readonly user?: string
  readonly scopes?: readonly string[]
  readonly models?: readonly string[]
  readonly expires?: string
  readonly args?: readonly string[]
  /** Returns as soon as the CLI has ended; the gateway may take a second to know the key. */
  readonly unawaited?: boolean
}

export interface RunningGateway extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly folder: string
  readonly configFile: string
  readonly pid: number
  stdout(): string
  stderr(): string
  /** The key of user `admin`, printed at the first start. */
  readonly adminKey: string
  /** Makes a key through the CLI, in a process of its own, and waits until the gateway knows it. */
  createKey(options?: KeyOptions): Promise<string>
  /** Any CLI command on this gateway's config. */
  cli(...args: string[]): Promise<CommandResult>
  /** Sends the signal and waits for the end; null where a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
  kill9(): Promise<void>
  readonly exited: Promise<number | null>
}

export const ROOT = join(import.meta.dirname, '../../..')
const KEY = /\bcrl_[0-9A-Za-z_]{20,}/

/** A gateway as a process of its own, in a folder of its own, ready to be asked. */
export async function startGateway(options: GatewayOptions = {}): Promise<RunningGateway> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'corral-system-')))
  const configFile = join(folder, 'corral.json')
  const config = { store: { url: `sqlite:${join(folder, 'corral.db')}` }, upstreams: [], ...options.config }
  await writeFile(configFile, JSON.stringify(config, undefined, 2))
  const child = spawnServe(options, configFile, folder)
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk: Buffer) => void (output.stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => void (output.stderr += chunk.toString()))
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))

  // A test run that is cut short leaves no gateway behind.
  const killNow = (): void => (options.viaNpm === true ? killGroup(child) : signalChild(child, 'SIGKILL'))
  process.once('exit', killNow)

  async function stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    signalChild(child, signal)
    return exited
  }
  async function dispose(): Promise<void> {
    process.off('exit', killNow)
    killNow()
    await exited
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
  }
  const cli = (...args: string[]): Promise<CommandResult> =>
    runCommand(MAIN, [...args, '--config', configFile], { folder, through: options.through ?? [] })

  try {
    const url = await readyUrl(child, output, options.readyMs ?? 15_000)
    return {
      url,
      port: Number(new URL(url).port),
      folder,
      configFile,
      pid: child.pid ?? 0,
      stdout: () => output.stdout,
      stderr: () => output.stderr,
      adminKey: KEY.exec(output.stderr)?.[0] ?? '',
      async createKey(key = {}) {
        const secret = await createKey(cli, key)
        if (key.unawaited !== true) await untilKnown(url, secret)
        return secret
      },
      cli,
      stop,
      kill9: async () => void (await stop('SIGKILL')),
      exited,
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

function spawnServe(options: GatewayOptions, configFile: string, folder: string): ChildProcess {
  const serve = ['serve', '--config', configFile, '--listen', '127.0.0.1:0', ...(options.args ?? [])]
  const env = { ...cleanEnvironment(), ...options.env }
  if (options.viaNpm === true) {
    // A group of its own, because npm and a shell stand between and a SIGKILL to npm would leave the gateway.
    return spawn('npm', ['run', '--silent', 'corral', '--', ...serve], {
      cwd: ROOT,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }
  const command = productCommand(serve)
  const [program, ...args] = [...(options.through ?? []), command.program, ...command.args]
  return spawn(program ?? '', args, {
    cwd: folder,
    env: { ...command.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function signalChild(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal)
}

/** Whoever is left, also where npm has gone and left the gateway alone. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // The group is gone already.
  }
}

function readyUrl(
  child: ChildProcess,
  output: { readonly stdout: string; readonly stderr: string },
  readyMs: number,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (what: string): void => reject(new Error(`the gateway ${what}\n${output.stdout}\n${output.stderr}`))
    const timer = setTimeout(() => fail(`was not ready within ${readyMs} ms`), readyMs)
    child.once('error', (error) => fail(`did not start: ${error.message}`))
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      fail(`ended before it was ready (${code ?? signal})`)
    })
    child.stdout?.on('data', () => {
      const url = /^corral ready (http\S+)$/m.exec(output.stdout)?.[1]
      if (url === undefined) return
      clearTimeout(timer)
      // The key follows on stderr in its own time; one turn lets it arrive.
      setTimeout(() => resolve(url), 10)
    })
  })
}

async function createKey(cli: (...args: string[]) => Promise<CommandResult>, key: KeyOptions): Promise<string> {
  const { code, stdout, stderr } = await cli(
    'key',
    'create',
    key.name ?? `key-${Math.random().toString(36).slice(2, 8)}`,
    ...(key.user === undefined ? [] : ['--user', key.user]),
    ...(key.scopes ?? []).flatMap((scope) => ['--scope', scope]),
    ...(key.models ?? []).flatMap((model) => ['--model', model]),
    ...(key.expires === undefined ? [] : ['--expires', key.expires]),
    ...(key.args ?? []),
  )
  if (code !== 0) throw new Error(`key create ended with ${code}: ${stderr}`)
  return stdout.trim()
}

/** Whatever the key may do, it is not unknown any more. */
async function untilKnown(url: string, key: string): Promise<void> {
  const deadline = performance.now() + 3_000
  for (;;) {
    const { status } = await fetch(`${url}/api/ps`, { headers: { authorization: `Bearer ${key}` } })
    if (status !== 401) return
    if (performance.now() > deadline) throw new Error('the gateway did not learn of the new key within 3 s')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}
