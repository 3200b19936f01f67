import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { cleanEnvironment } from '../../system/harness/clean-environment.ts'
import { productCommand } from '../../system/harness/product-command.ts'
import { startTroubledStore } from './troubled-store.ts'

/** root may write to what is read-only, so it is somebody else then. */
const nobody = process.getuid?.() === 0 ? 65534 : undefined

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A start that is expected to fail; one that does not is stopped as soon as it is ready. */
async function tryToServe(folder: string, configFile: string): Promise<Ended> {
  const { program, args, env } = productCommand(['serve', '--config', configFile, '--listen', '127.0.0.1:0'])
  const who = nobody === undefined ? {} : { uid: nobody, gid: nobody }
  const child = spawn(program, args, { cwd: folder, env: { ...cleanEnvironment(), ...env, HOME: folder }, ...who })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    said.stdout += chunk.toString()
    if (said.stdout.includes('corral ready')) child.kill('SIGTERM')
  })
  child.stderr.on('data', (chunk: Buffer) => void (said.stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...said }
}

it(
  'a database that is made read-only changes nothing for who has it open, and stops the next start in one line',
  { timeout: 120_000 },
  async (context) => {
    if (process.platform === 'win32') return context.skip('modes of files are not what they are elsewhere')
    await using scene = await startTroubledStore()
    const { gateway } = scene
    const { folder, configFile } = gateway
    await chmod(scene.storePath, 0o400)
    await scene.expectService()
    expect(await scene.makeKey('kept')).toMatchObject({ status: 201 })
    expect(await scene.problem()).toBeNull()
    expect(await gateway.stop()).toBe(0)
    await rm(join(folder, 'logs'), { recursive: true, force: true })
    if (nobody !== undefined) {
      await chown(folder, nobody, nobody)
      for (const name of await readdir(folder)) await chown(join(folder, name), nobody, nobody)
    }

    const refused = await tryToServe(folder, configFile)
    if (/Cannot find module|EACCES.*main\.ts/.test(refused.stderr)) {
      return context.skip('this checkout can be read by its owner only, and root cannot be refused anything')
    }
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toBe(`corral: Cannot open the store "${scene.storePath}": this user may not write there\n`)
    await chmod(scene.storePath, 0o600)
    expect(await tryToServe(folder, configFile)).toMatchObject({ code: 0 })
  },
)
