import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { productCommand } from '../../system/harness/product-command.ts'
import { soon, startTroubledStore } from './troubled-store.ts'

const run = promisify(execFile)

async function hasPrlimit(): Promise<boolean> {
  return run('prlimit', ['--version']).then(
    () => true,
    () => false,
  )
}

/** No write of the process goes past this size of a file: as on a full disk, the kernel takes it no more. */
async function limitFiles(pid: number, size: number | 'unlimited'): Promise<void> {
  await run('prlimit', ['--pid', String(pid), `--fsize=${size}:unlimited`])
}

it(
  'while nothing can be written requests go on, and changes are refused until there is room',
  { timeout: 120_000 },
  async (context) => {
    if (!(await hasPrlimit())) return context.skip('prlimit is not installed')
    await using scene = await startTroubledStore()
    const { gateway } = scene
    await limitFiles(gateway.pid, 1)
    await scene.expectService()
    expect(await scene.makeKey('lost')).toMatchObject({ status: 503, error: 'store_unavailable' })
    expect(await scene.problem()).toContain('the disk')
    await expect.poll(gateway.stderr, soon).toContain('The store cannot be used')
    await scene.expectService()

    await limitFiles(gateway.pid, 'unlimited')
    await expect.poll(scene.problem, soon).toBeNull()
    expect(await scene.makeKey('kept')).toMatchObject({ status: 201 })
    await scene.expectService()
    expect(await gateway.stop()).toBe(0)
    const names = (JSON.parse((await gateway.cli('key', 'list', '--json')).stdout) as { name: string }[]).map(
      ({ name }) => name,
    )
    expect(names).toContain('kept')
    expect(names).not.toContain('lost')
  },
)

it('a backup that does not fit leaves nothing behind', { timeout: 120_000 }, async (context) => {
  if (!(await hasPrlimit())) return context.skip('prlimit is not installed')
  await using scene = await startTroubledStore()
  const { folder, configFile } = scene.gateway
  const { program, args, env } = productCommand(['backup', join(folder, 'small.db'), '--config', configFile])
  const failure = run('prlimit', ['--fsize=16384:unlimited', program, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
  })
  await expect(failure).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringMatching(/^corral: Cannot back up .*disk.*\n$/),
  })
  expect(readdirSync(folder).filter((name) => name.startsWith('small.db'))).toEqual([])
})
