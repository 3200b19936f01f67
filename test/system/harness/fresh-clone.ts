import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from './start-gateway.ts'

export interface FreshClone extends AsyncDisposable {
  readonly folder: string
}

/**
 * What a clone of this checkout would hold, in a folder of its own: the files that git knows or would take, as they
 * are now. Installed packages are linked unless they are to be installed there.
 */
export async function freshClone(options: { readonly packages?: 'linked' | 'none' } = {}): Promise<FreshClone> {
  const folder = await mkdtemp(join(tmpdir(), 'corral-clone-'))
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    await Promise.all((await filesOfClone()).map((file) => copyFile(file, folder)))
    if (options.packages !== 'none') await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    return { folder, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

async function filesOfClone(): Promise<string[]> {
  // Whoever runs the tests need not own the checkout.
  const list = ['-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const { stdout } = await promisify(execFile)('git', list, { cwd: ROOT, maxBuffer: 1 << 24 })
  return stdout.split('\0').filter((file) => file !== '')
}

async function copyFile(file: string, folder: string): Promise<void> {
  const target = join(folder, file)
  await mkdir(dirname(target), { recursive: true })
  try {
    await cp(join(ROOT, file), target)
  } catch (error) {
    // Deleted and not committed yet: a clone of what is here would not hold it either.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}
