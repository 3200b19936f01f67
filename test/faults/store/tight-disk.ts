import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { tempFolder } from '../../fakes/temp-folder.ts'

const run = promisify(execFile)

/** A place for a store that has no more room when it is told so, and has again. */
export interface TightDisk extends AsyncDisposable {
  /** Where the store shall be, as the gateway sees it; null: anywhere. */
  readonly folder: string | null
  /** What the gateway, and whoever else shall see the store, is started through. */
  readonly through: readonly string[]
  /** Until nothing more can be written by this process. */
  fill(pid: number): Promise<void>
  makeRoom(pid: number): Promise<void>
}

/** Or undefined, where this machine does not allow it. */
export const tightDisks: Readonly<Record<string, () => Promise<TightDisk | undefined>>> = {
  'a small file system': mountSmallDisk,
  'a limit on the size of files': limitFileSizes,
}

const SIZE = '32m'

/**
 * A file system in memory, in a namespace that ends with the process that made it: nothing is left behind, however the
 * test ends. From here it is seen through that process.
 */
async function mountSmallDisk(): Promise<TightDisk | undefined> {
  const folder = tempFolder()
  const mount = `mount -t tmpfs -o size=${SIZE} tmpfs "$0" && echo mounted && exec cat`
  const holder = spawn('unshare', ['--map-root-user', '--mount', 'sh', '-c', mount, folder], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const ended = new Promise<false>((resolve) => {
    holder.once('error', () => resolve(false))
    holder.once('exit', () => resolve(false))
  })
  const isMounted = await Promise.race([ended, once(holder.stdout, 'data').then(() => true)])
  if (!isMounted) return undefined
  const filler = join(`/proc/${holder.pid}/root`, folder, 'filler')
  return {
    folder,
    through: ['nsenter', `--target=${holder.pid}`, '--user', '--preserve-credentials', '--mount', '--wd=.'],
    fill: async () => writeUntilFull(filler),
    makeRoom: async () => rmSync(filler),
    async [Symbol.asyncDispose]() {
      holder.stdin.end()
      await ended
    },
  }
}

function writeUntilFull(path: string): void {
  const file = openSync(path, 'w')
  const page = Buffer.alloc(4096)
  try {
    for (;;) writeSync(file, page)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
  } finally {
    closeSync(file)
  }
}

/** No write of the process goes past this size of a file: the kernel takes it no more. */
async function limitFileSizes(): Promise<TightDisk | undefined> {
  const limit = (pid: number, size: number | 'unlimited') =>
    run('prlimit', ['--pid', String(pid), `--fsize=${size}:unlimited`])
  try {
    await run('prlimit', ['--version'])
  } catch {
    return undefined
  }
  return {
    folder: null,
    through: [],
    fill: async (pid) => void (await limit(pid, 1)),
    makeRoom: async (pid) => void (await limit(pid, 'unlimited')),
    [Symbol.asyncDispose]: async () => undefined,
  }
}
