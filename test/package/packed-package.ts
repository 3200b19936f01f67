import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { cleanEnvironment } from '../system/harness/clean-environment.ts'
import { freshClone } from '../system/harness/fresh-clone.ts'
import type { CommandResult } from '../system/harness/run-command.ts'
import { ROOT } from '../system/harness/start-gateway.ts'

export interface PackedPackage extends AsyncDisposable {
  /** The clone that was packed, as packing left it. */
  readonly clone: string
  readonly tarball: string
  /** Paths inside the package. */
  readonly files: readonly string[]
  /** A folder of its own with everything unpacked. */
  readonly unpacked: string
  /** An empty folder with the tarball installed, as somebody would who has never seen the clone. */
  install(...options: string[]): Promise<string>
}

/** What `npm pack` makes of this checkout, made in a copy of it. */
export async function packPackage(): Promise<PackedPackage> {
  const clone = await freshClone()
  const folder = await mkdtemp(join(tmpdir(), 'corral-package-'))
  const dispose = async (): Promise<void> => {
    await clone[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await plantSecrets(clone.folder)
    const packed = await npm(['pack', '--pack-destination', folder], clone.folder, folder)
    const tarball = join(folder, packed.stdout.trim().split('\n').at(-1) ?? '')
    const { stdout } = await promisify(execFile)('tar', ['-tzf', tarball])
    await promisify(execFile)('tar', ['-xzf', tarball, '-C', folder])
    let installed = 0
    return {
      clone: clone.folder,
      tarball,
      files: stdout
        .trim()
        .split('\n')
        .map((path) => path.replace(/^package\//, '')),
      unpacked: join(folder, 'package'),
      async install(...options) {
        const target = join(folder, `installed-${(installed += 1)}`)
        await mkdir(target)
        await npm(['install', ...options, tarball], target, folder)
        return target
      },
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** What may lie around in a clone that somebody works in, and must not travel. */
async function plantSecrets(clone: string): Promise<void> {
  const names = ['.env', 'corral.yaml', 'corral.db', 'corral.secret', 'dist-old.js', join('src', 'corral.secret')]
  await Promise.all(names.map((name) => writeFile(join(clone, name), 'a secret of this clone\n')))
  await mkdir(join(clone, 'logs'), { recursive: true })
  await writeFile(join(clone, 'logs', 'requests.jsonl'), '{}\n')
}

/** npm as outside of any npm script, with an empty home; what the machine has already downloaded may be used. */
export async function npm(args: readonly string[], folder: string, home: string): Promise<CommandResult> {
  const result = await runIn('npm', [...args, '--no-audit', '--no-fund', '--no-update-notifier'], { folder, home })
  if (result.code === 0) return result
  throw new Error(`npm ${args.join(' ')} ended with ${result.code}:\n${result.stdout}${result.stderr}`)
}

export interface Place {
  readonly folder: string
  readonly home: string
  readonly env?: Readonly<Record<string, string>>
  /** In a process group of its own, as a terminal starts one. */
  readonly detached?: boolean
}

/** A program that the machine has, without what this checkout adds to PATH. */
export function spawnIn(
  program: string,
  args: readonly string[],
  { folder, home, env, detached = false }: Place,
): ChildProcess {
  return spawn(program, args, {
    cwd: folder,
    detached,
    env: { ...outsideEnvironment(), HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

export function runIn(program: string, args: readonly string[], place: Place): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawnIn(program, args, place)
    let stdout = ''
    let stderr = ''
    child.stdout?.on('data', (chunk: Buffer) => void (stdout += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => void (stderr += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}

const passedOn = new Set(['npm_config_cache', 'npm_config_userconfig', 'npm_config_registry'])

function outsideEnvironment(): NodeJS.ProcessEnv {
  const own = Object.entries(cleanEnvironment()).filter(([name]) => {
    const lower = name.toLowerCase()
    return passedOn.has(lower) || !(lower.startsWith('npm_') || lower.startsWith('node_') || lower === 'init_cwd')
  })
  return { ...Object.fromEntries(own), PATH: outsidePath().join(delimiter), npm_config_loglevel: 'error' }
}

function outsidePath(): string[] {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.filter((folder) => folder !== '' && !folder.startsWith(ROOT) && !folder.includes('node_modules'))
}

export interface FoundNode {
  readonly path: string
  readonly version: string
}

/** A Node of this machine that is too old to run Corral by itself. */
export async function findOldNode(): Promise<FoundNode | undefined> {
  for (const path of outsidePath().map((folder) => join(folder, 'node'))) {
    if (!existsSync(path)) continue
    const { stdout } = await promisify(execFile)(path, ['--version'])
    const version = stdout.trim().replace(/^v/, '')
    if (Number.parseInt(version, 10) < 24) return { path, version }
  }
  return undefined
}
