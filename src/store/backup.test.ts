import { existsSync, linkSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { backupStore } from './backup.ts'
import { migrations } from './migrations.ts'
import { openStore, type Store } from './open-store.ts'

interface Place {
  readonly folder: string
  readonly storePath: string
  readonly file: string
}

function placeIn(folder = tempFolder()): Place {
  return { folder, storePath: join(folder, 'corral.db'), file: join(folder, 'backup.db') }
}

async function withStore<T>({ folder }: Place, use: (store: Store) => Promise<T> | T): Promise<T> {
  const store = await openStore('sqlite:corral.db', { cwd: folder })
  try {
    return await use(store)
  } finally {
    await store.close()
  }
}

const ada = { name: 'ada', role: 'member', limits: null } as const
const bob = { ...ada, name: 'bob' }

describe('backupStore', () => {
  it('writes what a store in use holds, and counts it', async () => {
    const place = placeIn()
    await withStore(place, async (store) => {
      await store.createUser(ada)
      const { contents, bytes } = await backupStore({ ...place, force: false })
      expect(contents).toMatchObject({ schema: migrations.length, rows: { users: 1, keys: 0, exchanges: 0 } })
      expect(bytes).toBe(statSync(place.file).size)
      // What comes after it is not in it.
      await store.createUser(bob)
    })
    const copy = new DatabaseSync(place.file, { readOnly: true })
    expect(copy.prepare('SELECT name FROM users').all()).toMatchObject([{ name: 'ada' }])
    expect(copy.prepare('PRAGMA integrity_check').get()).toMatchObject({ integrity_check: 'ok' })
    copy.close()
    expect(readdirSync(place.folder).filter((name) => name.startsWith('backup'))).toEqual(['backup.db'])
  })

  it('is one file that only its owner may read', async () => {
    const place = placeIn()
    await withStore(place, async () => void (await backupStore({ ...place, force: false })))
    expect(statSync(place.file).mode & 0o777).toBe(0o600)
  })

  it('takes along nothing that was deleted', async () => {
    const place = placeIn()
    await withStore(place, () => {})
    const database = new DatabaseSync(place.storePath)
    database.exec("PRAGMA secure_delete = OFF; INSERT INTO marks VALUES ('canary', 'deleted-canary-4711')")
    database.exec("DELETE FROM marks WHERE name = 'canary'; PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    expect(readFileSync(place.storePath, 'latin1')).toContain('deleted-canary-4711')
    await backupStore({ ...place, force: false })
    expect(readFileSync(place.file, 'latin1')).not.toContain('deleted-canary-4711')
  })

  it('replaces a file only when told to', async () => {
    const place = placeIn()
    await withStore(place, () => {})
    writeFileSync(place.file, 'mine')
    await expect(backupStore({ ...place, force: false })).rejects.toThrow(
      `Cannot write "${place.file}": it is there already; --force replaces it`,
    )
    expect(readFileSync(place.file, 'utf8')).toBe('mine')
    await backupStore({ ...place, force: true })
    expect(readFileSync(place.file).subarray(0, 6).toString()).toBe('SQLite')
  })

  it('never writes over the store or what belongs to it', async () => {
    const place = placeIn()
    await withStore(place, () => {})
    linkSync(place.storePath, join(place.folder, 'second-name.db'))
    symlinkSync('corral.db', join(place.folder, 'symlink.db'))
    const own = ['corral.db', 'corral.db-wal', 'corral.db-shm', 'corral.db.lock', 'corral.secret']
    for (const name of [...own, 'second-name.db', 'symlink.db']) {
      const file = join(place.folder, name)
      await expect(backupStore({ ...place, file, force: true }), name).rejects.toThrow(
        `Cannot write "${file}": it belongs to the store itself`,
      )
    }
    await withStore(place, async (store) => expect(await store.listUsers()).toEqual([]))
  })

  it('says in one sentence why there is none, and leaves nothing behind', async () => {
    const place = placeIn()
    const noStore = `There is no store "${place.storePath}" to back up`
    await expect(backupStore({ ...place, force: false })).rejects.toThrow(noStore)
    expect(existsSync(place.storePath)).toBe(false)
    await withStore(place, () => {})
    const failure = (file: string): string => `Cannot back up the store "${place.storePath}" to "${file}"`
    const nowhere = join(place.folder, 'none/b.db')
    await expect(backupStore({ ...place, file: nowhere, force: false })).rejects.toThrow(
      `${failure(nowhere)}: its folder does not exist`,
    )
    await expect(backupStore({ ...place, file: place.folder, force: true })).rejects.toThrow(
      'it is a folder; name a file in it',
    )
    writeFileSync(place.storePath, 'no database '.repeat(1000))
    await expect(backupStore({ ...place, force: false })).rejects.toThrow('it is not an SQLite database')
    expect(readdirSync(place.folder).filter((name) => name.startsWith('backup'))).toEqual([])
  })
})
