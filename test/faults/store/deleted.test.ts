import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startGateway } from '../../system/harness/start-gateway.ts'
import { soon, startTroubledStore } from './troubled-store.ts'

const FILES = ['corral.db', 'corral.db-wal', 'corral.db-shm']

it('a database that is moved away stops changes, not requests, until it is back', { timeout: 120_000 }, async () => {
  await using scene = await startTroubledStore()
  const { gateway } = scene
  const aside = join(gateway.folder, 'aside')
  await mkdir(aside)
  for (const file of FILES) await rename(join(gateway.folder, file), join(aside, file))

  await scene.expectService()
  const refused = await scene.makeKey('lost')
  expect(refused).toMatchObject({ status: 503, error: 'store_unavailable' })
  expect(refused.text).toContain('corral.db\\" is gone; put it back')
  expect(await scene.problem()).toContain('is gone; put it back, or stop the gateway and run')
  await expect.poll(gateway.stderr, soon).toContain('The store cannot be used')
  expect((await gateway.cli('status', '--server', gateway.url, '--key', scene.key, '--once')).stdout).toContain(
    'store: the file',
  )

  for (const file of FILES) await rename(join(aside, file), join(gateway.folder, file))
  expect(await scene.makeKey('kept')).toMatchObject({ status: 201 })
  expect(await scene.problem()).toBeNull()
  await expect.poll(gateway.stderr, soon).toContain('The store can be used again')
  const names = (JSON.parse((await gateway.cli('key', 'list', '--json')).stdout) as { name: string }[]).map(
    ({ name }) => name,
  )
  expect(names.toSorted()).toEqual(['first', 'kept', 'member'])
  // Said once, however often it was looked for.
  expect(gateway.stderr().split('The store cannot be used;')).toHaveLength(2)
})

it(
  'a database that was deleted is not made anew in silence, and a backup brings it back',
  { timeout: 120_000 },
  async () => {
    await using scene = await startTroubledStore()
    const { gateway } = scene
    const file = join(gateway.folder, 'backup.db')
    expect((await gateway.cli('backup', file)).code).toBe(0)
    for (const each of FILES) await rm(join(gateway.folder, each))
    await scene.expectService()
    expect(await scene.makeKey('lost')).toMatchObject({ status: 503, error: 'store_unavailable' })

    const whileRunning = await gateway.cli('restore', file)
    expect(whileRunning).toMatchObject({ code: 1, stdout: '' })
    expect(whileRunning.stderr).toMatch(/^corral: The store ".*corral\.db" is in use: stop the gateway .*\n$/)
    expect(existsSync(scene.storePath)).toBe(false)
    expect(await gateway.stop()).toBe(0)

    const folder = gateway.folder
    expect((await gateway.cli('restore', file)).code).toBe(0)
    await using again = await startGateway({ folder, config: { upstreams: [{ name: 'fake', url: scene.fake.url }] } })
    const tags = await fetch(`${again.url}/api/tags`, { headers: { authorization: `Bearer ${scene.memberKey}` } })
    expect(tags.status).toBe(200)
    expect(again.adminKey).toBe('')
    expect(again.stderr()).not.toContain('There was no database')
    await again.stop()

    for (const each of ['corral.db', 'corral.db-wal', 'corral.db-shm']) await rm(join(folder, each), { force: true })
    await using empty = await startGateway({ folder })
    expect(empty.stderr()).toContain('There was no database')
    expect(empty.stderr()).toContain('corral restore FILE')
  },
)
