import { execFile } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { findOldNode } from '../package/packed-package.ts'
import { freshClone } from '../system/harness/fresh-clone.ts'
import { ROOT } from '../system/harness/start-gateway.ts'

// Several builds one after the other.
vi.setConfig({ testTimeout: 120_000 })

interface Ended {
  readonly code: number
  readonly stderr: string
}

function prepare(node: string, folder: string, ...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(node, ['scripts/prepare-console.cjs', ...args], { cwd: folder, timeout: 60_000 }, (error, _, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stderr })
    })
  })
}

const pageOf = (folder: string): Promise<string> => readFile(join(folder, 'console/dist/index.html'), 'utf8')

/** The packages of this checkout, but for some. */
function linkWithout(folder: string, names: readonly string[], all: readonly string[]): void {
  const modules = join(folder, 'node_modules')
  mkdirSync(modules)
  for (const name of all) if (!names.includes(name)) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
}

describe('npm ci in a clone', () => {
  it('builds the console, and leaves nothing else behind', async () => {
    await using clone = await freshClone()
    const before = await readdir(clone.folder)
    expect(await prepare(process.execPath, clone.folder)).toEqual({ code: 0, stderr: '' })
    expect(await pageOf(clone.folder)).toContain('assets/')
    expect((await readdir(clone.folder)).filter((name) => !before.includes(name) && name !== '.cache')).toEqual([])
    expect(await readdir(join(clone.folder, '.cache'))).toEqual([])
  })

  it('puts a new build in the place of the one before', async () => {
    await using clone = await freshClone()
    const place = join(clone.folder, 'console/dist')
    mkdirSync(join(place, 'assets'), { recursive: true })
    symlinkSync('nowhere', join(place, 'assets', 'old.js'))
    expect(await prepare(process.execPath, clone.folder)).toEqual({ code: 0, stderr: '' })
    expect(await readdir(join(place, 'assets'))).not.toContain('old.js')
  })

  it('goes well without the packages for development, and says how to build later', async () => {
    await using clone = await freshClone({ packages: 'none' })
    const told = expect.stringMatching(
      /^The console was not built: vite, preact, uplot missing .*npm ci && npm run build:console\n$/,
    )
    expect(await prepare(process.execPath, clone.folder)).toEqual({ code: 0, stderr: told })
    expect(await prepare(process.execPath, clone.folder, '--asked')).toEqual({ code: 1, stderr: told })
  })

  it('fails only where it was asked for, when the page cannot be built, and keeps the one before', async () => {
    await using clone = await freshClone()
    expect(await prepare(process.execPath, clone.folder)).toMatchObject({ code: 0 })
    const before = await pageOf(clone.folder)
    rmSync(join(clone.folder, 'console/src/app.tsx'))
    expect(await prepare(process.execPath, clone.folder)).toMatchObject({ code: 0 })
    expect(await prepare(process.execPath, clone.folder, '--asked')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('app.tsx'),
    })
    expect(await pageOf(clone.folder)).toBe(before)
  })

  it('builds on an old Node with the one that comes along, or says that it is too old', async (context) => {
    const old = await findOldNode()
    if (old === undefined) return context.skip('a Node older than 24 is not installed')
    await using clone = await freshClone()
    expect(await prepare(old.path, clone.folder)).toEqual({ code: 0, stderr: '' })
    expect(await pageOf(clone.folder)).toContain('assets/')

    await using bare = await freshClone({ packages: 'none' })
    linkWithout(bare.folder, ['.bin'], await readdir(join(ROOT, 'node_modules')))
    expect(await prepare(old.path, bare.folder)).toEqual({
      code: 0,
      stderr: expect.stringContaining(`Node ${old.version} is too old to build it`),
    })
  })
})
