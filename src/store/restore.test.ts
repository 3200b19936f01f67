import { chownSync, existsSync, linkSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { backupStore } from './backup.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations.ts'
import { openStore } from './open-store.ts'
import { restoreStore } from './restore.ts'

interface Scene {
  readonly folder: string
  readonly storePath: string
  readonly file: string
}

const member = { role: 'member', limits: null } as const

async function addUser({ folder }: Scene, name: string): Promise<void> {
  const store = await openStore('sqlite:corral.db', { cwd: folder })
  await store.createUser({ name, ...member })
  await store.close()
}

function usersIn(path: string): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true })
  const rows = database.prepare('SELECT name FROM users ORDER BY created_at, rowid').all()
  database.close()
  return rows.map((row) => row['name'])
}

/** A backup that knows `ada` only, and a store that knows `bob` too. */
async function startScene(): Promise<Scene> {
  const folder = tempFolder()
  const scene = { folder, storePath: join(folder, 'corral.db'), file: join(folder, 'backup.db') }
  await addUser(scene, 'ada')
  await backupStore({ ...scene, force: false })
  await addUser(scene, 'bob')
  return scene
}

function writeDatabase(path: string, fill: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(path)
  fill(database)
  database.close()
}

describe('restoreStore', () => {
  it('puts the backup in place and keeps the store that was there, whole', async () => {
    const scene = await startScene()
    const { contents, backupSchema, kept } = await restoreStore({ ...scene, force: false })
    expect([contents.rows.users, backupSchema, kept]).toEqual([
      1,
      migrations.length,
      `${scene.storePath}.before-restore`,
    ])
    expect([usersIn(scene.storePath), usersIn(kept ?? '')]).toEqual([['ada'], ['ada', 'bob']])
    expect(statSync(scene.storePath).mode & 0o777).toBe(0o600)
    const names = readdirSync(scene.folder).filter((name) => name.startsWith('corral.db') && !/-(wal|shm)$/.test(name))
    expect(names.toSorted()).toEqual(['corral.db', 'corral.db.before-restore', 'corral.db.lock'])
  })

  it('makes a store where there was none', async () => {
    const scene = await startScene()
    const storePath = join(scene.folder, 'other.db')
    expect((await restoreStore({ ...scene, storePath, force: false })).kept).toBeNull()
    expect(usersIn(storePath)).toEqual(['ada'])
  })

  it('takes a store with its journal beside it for a backup', async () => {
    const scene = await startScene()
    const busy = new DatabaseSync(scene.storePath)
    busy.exec("UPDATE users SET name = 'eve' WHERE name = 'bob'")
    expect(existsSync(`${scene.storePath}-wal`)).toBe(true)
    const storePath = join(scene.folder, 'other.db')
    await restoreStore({ file: scene.storePath, storePath: join(scene.folder, 'other.db'), force: false })
    busy.close()
    expect(usersIn(storePath)).toEqual(['ada', 'eve'])
  })

  it('brings an older backup up to date', async () => {
    const scene = await startScene()
    const older = join(scene.folder, 'older.db')
    writeDatabase(older, (database) => {
      migrate(database, migrations.slice(0, 1))
      database.exec("INSERT INTO users (id, name, created_at) VALUES ('u1', 'old', 1)")
    })
    const { backupSchema, contents } = await restoreStore({ ...scene, file: older, force: false })
    expect([backupSchema, contents.schema, usersIn(scene.storePath)]).toEqual([1, migrations.length, ['old']])
    // The backup itself is still what it was.
    writeDatabase(older, (database) =>
      expect(database.prepare('SELECT max(number) AS n FROM migrations').get()).toMatchObject({ n: 1 }),
    )
  })

  it('leaves to the account of the store what root restores', async (context) => {
    if (process.getuid?.() !== 0) return context.skip('only root can give files away')
    const scene = await startScene()
    const [service, group] = [65_534, 65_533]
    for (const name of ['corral.db', 'corral.db.lock']) chownSync(join(scene.folder, name), service, group)
    rmSync(join(scene.folder, 'corral.db.lock'))
    await restoreStore({ ...scene, force: false })
    const owners = ['corral.db', 'corral.db.before-restore', 'corral.db.lock'].map((name) => {
      const { uid, gid } = statSync(join(scene.folder, name))
      return [uid, gid]
    })
    expect(owners).toEqual([1, 2, 3].map(() => [service, group]))
  })

  it('changes nothing where the backup cannot be used', async () => {
    const scene = await startScene()
    const file = (name: string): string => join(scene.folder, name)
    writeDatabase(file('newer.db'), (database) => {
      migrate(database)
      database.exec('INSERT INTO migrations VALUES (99, 0)')
    })
    writeDatabase(file('foreign.db'), (database) => database.exec('CREATE TABLE t (x)'))
    writeFileSync(file('text.db'), 'nothing of the kind\n'.repeat(500))
    writeFileSync(file('empty.db'), '')
    writeFileSync(file('half.db'), readFileSync(scene.file).subarray(0, 8192))
    const problems: Record<string, string> = {
      'newer.db': `its schema 99 is newer than this program, which knows ${migrations.length}: install a newer Corral`,
      'foreign.db': 'it is the database of another program',
      'text.db': 'it is not an SQLite database, or its beginning is damaged',
      'empty.db': 'it is empty',
      'half.db': 'it is damaged',
    }
    for (const [name, problem] of Object.entries(problems)) {
      const message = `Cannot restore "${file(name)}": ${problem}`
      await expect(restoreStore({ ...scene, file: file(name), force: true }), name).rejects.toThrow(message)
      expect(usersIn(scene.storePath)).toEqual(['ada', 'bob'])
    }
    await expect(restoreStore({ ...scene, file: file('none.db'), force: false })).rejects.toThrow('There is no backup')
    await expect(restoreStore({ ...scene, file: scene.storePath, force: false })).rejects.toThrow(
      'belongs to the store itself',
    )
    expect(readdirSync(scene.folder).filter((name) => /restore|restoring/.test(name))).toEqual([])
  })

  it('is refused while anybody uses the store', async () => {
    const scene = await startScene()
    const store = await openStore('sqlite:corral.db', { cwd: scene.folder })
    await expect(restoreStore({ ...scene, force: true })).rejects.toThrow(
      `The store "${scene.storePath}" is in use: stop the gateway that runs on it first`,
    )
    await store.close()
    const shell = new DatabaseSync(scene.storePath)
    shell.exec('PRAGMA journal_mode = WAL; SELECT count(*) FROM users')
    await expect(restoreStore({ ...scene, force: true })).rejects.toThrow('another program has it open')
    shell.close()
    await restoreStore({ ...scene, force: false })
    expect(usersIn(scene.storePath)).toEqual(['ada'])
  })

  it('keeps what an earlier restore has kept, unless told otherwise', async () => {
    const scene = await startScene()
    const kept = `${scene.storePath}.before-restore`
    await restoreStore({ ...scene, force: false })
    await addUser(scene, 'eve')
    await expect(restoreStore({ ...scene, force: false })).rejects.toThrow(
      `"${kept}" is there from an earlier restore: move it away, or replace it with --force`,
    )
    expect([usersIn(scene.storePath), usersIn(kept)]).toEqual([
      ['ada', 'eve'],
      ['ada', 'bob'],
    ])
    await restoreStore({ ...scene, force: true })
    expect([usersIn(scene.storePath), usersIn(kept)]).toEqual([['ada'], ['ada', 'eve']])
    // The way back.
    await restoreStore({ ...scene, file: kept, force: true })
    expect([usersIn(scene.storePath), usersIn(kept)]).toEqual([['ada', 'eve'], ['ada']])
  })

  it('goes on where one before it was cut short', async () => {
    const scene = await startScene()
    linkSync(scene.storePath, `${scene.storePath}.before-restore`)
    writeFileSync(`${scene.storePath}.restoring`, 'half a copy')
    await restoreStore({ ...scene, force: false })
    expect([usersIn(scene.storePath), usersIn(`${scene.storePath}.before-restore`)]).toEqual([['ada'], ['ada', 'bob']])
  })

  it('replaces a damaged store, and its journal does not reach the new one', async () => {
    const scene = await startScene()
    writeFileSync(scene.storePath, 'damaged beyond reading\n'.repeat(1000))
    writeFileSync(`${scene.storePath}-wal`, 'of the damaged one')
    const { kept } = await restoreStore({ ...scene, force: false })
    expect(usersIn(scene.storePath)).toEqual(['ada'])
    expect(readFileSync(kept ?? '', 'utf8')).toContain('damaged beyond reading')
    expect(existsSync(`${scene.storePath}-wal`)).toBe(false)
  })
})
