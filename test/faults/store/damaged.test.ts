import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import { startGateway } from '../../system/harness/start-gateway.ts'
import { soon, startTroubledStore } from './troubled-store.ts'

/** Everything after the first page is noise, and no copy of it is in the journal. */
function damage(storePath: string): void {
  const database = new DatabaseSync(storePath, { timeout: 5000 })
  database.exec('UPDATE users SET disabled = disabled; UPDATE marks SET value = value; PRAGMA wal_checkpoint(TRUNCATE)')
  database.close()
  const size = statSync(storePath).size
  const file = openSync(storePath, 'r+')
  writeSync(file, randomBytes(size - 4096), 0, size - 4096, 4096)
  closeSync(file)
}

it(
  'a database that is damaged under a running gateway ends no request, is told of, and comes back from a backup',
  { timeout: 120_000 },
  async () => {
    await using scene = await startTroubledStore()
    const { gateway, storePath } = scene
    const file = join(gateway.folder, 'backup.db')
    expect((await gateway.cli('backup', file)).code).toBe(0)
    // So that it has not read again, between the change and the damage, what it remembers of the pages.
    process.kill(gateway.pid, 'SIGSTOP')
    damage(storePath)
    process.kill(gateway.pid, 'SIGCONT')

    await scene.expectService()
    await expect.poll(async () => (await scene.makeKey('lost')).error, soon).toBe('store_unavailable')
    expect(await scene.problem()).toContain('it is damaged: run "corral restore FILE" with a backup')
    await scene.expectService()
    const command = await gateway.cli('key', 'create', 'lost')
    expect(command).toMatchObject({ code: 1, stdout: '' })
    expect(command.stderr).toMatch(/^corral: .*it is damaged: run "corral restore FILE" with a backup.*\n$/)
    const copy = await gateway.cli('backup', join(gateway.folder, 'of-damage.db'))
    expect(copy).toMatchObject({ code: 1, stdout: '' })
    expect(copy.stderr).toMatch(/^corral: Cannot back up .*it is damaged.*\n$/)
    expect(readdirSync(gateway.folder).filter((name) => name.startsWith('of-damage'))).toEqual([])
    expect(await gateway.stop()).toBe(0)

    const start = await gateway.cli('serve', '--listen', '127.0.0.1:0')
    expect(start).toMatchObject({ code: 1, stdout: '' })
    expect(start.stderr).toMatch(/^corral: Cannot open the store .*it is damaged.*start with another store\n$/)
    const restored = await gateway.cli('restore', file)
    expect(restored.code).toBe(0)
    expect(readdirSync(gateway.folder)).toContain('corral.db.before-restore')
    await using again = await startGateway({
      folder: gateway.folder,
      config: { upstreams: [{ name: 'fake', url: scene.fake.url }] },
    })
    const tags = await fetch(`${again.url}/api/tags`, { headers: { authorization: `Bearer ${scene.memberKey}` } })
    expect(tags.status).toBe(200)
  },
)
