import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { backupStore } from '../../../src/store/backup.ts'
import { openStore } from '../../../src/store/open-store.ts'
import { restoreStore } from '../../../src/store/restore.ts'
import { tempFolder } from '../../fakes/temp-folder.ts'

const restoreModule = new URL('../../../src/store/restore.ts', import.meta.url).href

/** A restore that is killed when it is about to touch a file for the Nth time. */
const program = `
  import fs from 'node:fs'
  import { syncBuiltinESMExports } from 'node:module'
  const [folder, killAt] = process.argv.slice(1)
  let count = 0
  for (const name of ['openSync', 'closeSync', 'fsyncSync', 'linkSync', 'renameSync', 'rmSync']) {
    const real = fs[name]
    fs[name] = (...args) => {
      const isOurs = typeof args[0] === 'number' || String(args[0]).startsWith(folder)
      if (isOurs && ++count === Number(killAt)) process.kill(process.pid, 'SIGKILL')
      return real(...args)
    }
  }
  syncBuiltinESMExports()
  const { restoreStore } = await import(${JSON.stringify(restoreModule)})
  count = 0
  await restoreStore({ storePath: folder + '/corral.db', file: folder + '/backup.db', force: false })
`

async function addUser(folder: string, name: string): Promise<void> {
  const store = await openStore('sqlite:corral.db', { cwd: folder })
  await store.createUser({ name, role: 'member', limits: null })
  await store.close()
}

async function usersIn(folder: string, name = 'corral.db'): Promise<string> {
  const store = await openStore(`sqlite:${name}`, { cwd: folder, check: true })
  const users = await store.listUsers()
  await store.close()
  return users.map((user) => user.name).join(' ')
}

async function restoreUntil(folder: string, killAt: number): Promise<string | number | null> {
  const args = ['--input-type=module', '-e', program, folder, String(killAt)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  return signal ?? code
}

it(
  'a restore that is killed at any point leaves the old store or the new one, whole, and can be done again',
  { timeout: 120_000 },
  async () => {
    const original = tempFolder()
    await addUser(original, 'ada')
    await backupStore({ storePath: join(original, 'corral.db'), file: join(original, 'backup.db'), force: false })
    await addUser(original, 'bob')
    const found: string[] = []
    let ending: string | number | null = null
    for (let killAt = 1; ending !== 0; killAt++) {
      expect(killAt).toBeLessThan(60)
      const folder = join(original, String(killAt))
      mkdirSync(folder)
      for (const name of ['corral.db', 'backup.db']) copyFileSync(join(original, name), join(folder, name))
      ending = await restoreUntil(folder, killAt)
      expect(['SIGKILL', 0]).toContain(ending)
      const users = await usersIn(folder)
      found.push(users)
      if (users === 'ada bob')
        await restoreStore({ storePath: join(folder, 'corral.db'), file: join(folder, 'backup.db'), force: false })
      expect([await usersIn(folder), await usersIn(folder, 'corral.db.before-restore')]).toEqual(['ada', 'ada bob'])
      expect(readdirSync(folder)).not.toContain('corral.db.restoring')
    }
    // The old one up to one moment, and the new one from there on.
    expect(found.toSorted().toReversed()).toEqual(found)
    expect(found.filter((users) => users === 'ada bob').length).toBeGreaterThan(5)
    expect(found.filter((users) => users === 'ada').length).toBeGreaterThan(1)
  },
)
