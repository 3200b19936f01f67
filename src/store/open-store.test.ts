import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import type { NewKey } from '../auth/key-store.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations.ts'
import { openStore, type Store } from './open-store.ts'

async function open(folder: string, url = 'sqlite:corral.db'): Promise<Store> {
  const store = await openStore(url, { cwd: folder })
  onTestFinished(() => store.close())
  return store
}

async function withUser(folder = tempFolder()): Promise<{ store: Store; userId: string }> {
  const store = await open(folder)
  return { store, userId: (await store.createUser({ name: 'ada' })).id }
}

/** What a key has that was never changed. */
const fresh = { revokedAt: null, limits: null, lastUsedAt: null, previous: null }

function newKey(userId: string, changes: Partial<NewKey> = {}): NewKey {
  const limits = {
    scopes: ['chat', 'embed'] as const,
    models: ['llama3*'],
    upstreams: ['gpu-1'],
    pools: null,
    expiresAt: 5,
    queue: { class: 'interactive', weight: 1 } as const,
  }
  return { id: 'key_1', name: 'laptop', userId, ...limits, kind: 'key', digest: 'd1', hint: 'abcd', ...changes }
}

describe('users', () => {
  it('are listed as they were made', async () => {
    const { store } = await withUser()
    await store.createUser({ name: 'Zoë 2' })
    expect((await store.listUsers()).map(({ name, disabled }) => ({ name, disabled }))).toEqual([
      { name: 'ada', disabled: false },
      { name: 'Zoë 2', disabled: false },
    ])
  })

  it('have names of their own', async () => {
    const { store } = await withUser()
    await expect(store.createUser({ name: 'ada' })).rejects.toMatchObject({ code: 'name_taken' })
  })

  it.each(['', ' ', 'a\n', 'env:AUTH_TOKEN', "'; DROP TABLE users;--", 'x'.repeat(65), '-rf'])(
    'are not called %j',
    async (name) => {
      const { store } = await withUser()
      await expect(store.createUser({ name })).rejects.toMatchObject({ code: 'invalid_input' })
    },
  )

  it('can be disabled and enabled, but not when there are none', async () => {
    const { store } = await withUser()
    await store.setUserDisabled('ada', true)
    expect((await store.listUsers())[0]?.disabled).toBe(true)
    await store.setUserDisabled('ada', false)
    expect((await store.listUsers())[0]?.disabled).toBe(false)
    await expect(store.setUserDisabled("' OR 1=1;--", true)).rejects.toMatchObject({ code: 'not_found' })
    expect((await store.listUsers())[0]?.disabled).toBe(false)
  })
})

describe('keys', () => {
  it('come back as they went in, and say whose they are', async () => {
    const { store, userId } = await withUser()
    const made = await store.createKey(newKey(userId))
    expect(made).toEqual({ ...newKey(userId), userName: 'ada', createdAt: expect.any(Number), ...fresh })
    const bare = newKey(userId, {
      id: 'key_2',
      name: 'b',
      digest: 'd2',
      models: null,
      upstreams: null,
      pools: ['home', 'default'],
      expiresAt: null,
      kind: 'ssh',
      queue: { class: 'batch', weight: 100 },
    })
    await store.createKey(bare)
    expect(await store.listKeys()).toEqual([
      made,
      { ...bare, userName: 'ada', createdAt: expect.any(Number), ...fresh },
    ])
  })

  it('have a name and a digest of their own while they are not revoked', async () => {
    const { store, userId } = await withUser()
    await store.createKey(newKey(userId))
    const sameName = store.createKey(newKey(userId, { id: 'key_2', digest: 'd2' }))
    await expect(sameName).rejects.toMatchObject({ code: 'name_taken', message: 'There is a key "laptop" already' })
    const sameDigest = store.createKey(newKey(userId, { id: 'key_2', name: 'b' }))
    await expect(sameDigest).rejects.toMatchObject({ code: 'name_taken', message: 'This key is in the store already' })
    await store.revokeKey('laptop')
    await expect(store.createKey(newKey(userId, { id: 'key_2' }))).resolves.toMatchObject({ id: 'key_2' })
  })

  it('need a user', async () => {
    const { store } = await withUser()
    await expect(store.createKey(newKey('nobody'))).rejects.toThrow('FOREIGN KEY')
    expect(await store.listKeys()).toEqual([])
  })

  it('are revoked by name or id, once', async () => {
    const { store, userId } = await withUser()
    await store.createKey(newKey(userId))
    await store.createKey(newKey(userId, { id: 'key_2', name: 'b', digest: 'd2' }))
    const byName = await store.revokeKey('laptop')
    expect(byName).toMatchObject({ id: 'key_1', revokedAt: expect.any(Number) })
    expect(await store.revokeKey('key_1')).toEqual(byName)
    expect((await store.revokeKey('key_2')).revokedAt).not.toBeNull()
    await expect(store.revokeKey('laptop')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('named like the id of another one do not shield it', async () => {
    const { store, userId } = await withUser()
    await store.createKey(newKey(userId))
    await store.createKey(newKey(userId, { id: 'key_2', name: 'key_1', digest: 'd2' }))
    expect((await store.revokeKey('key_1')).id).toBe('key_1')
  })

  it.each(["' OR '1'='1", "laptop' --", '%', '*', '"name"', ''])('are not found by %j', async (text) => {
    const { store, userId } = await withUser()
    await store.createKey(newKey(userId))
    await expect(store.revokeKey(text)).rejects.toMatchObject({ code: 'not_found' })
    expect((await store.listKeys())[0]?.revokedAt).toBeNull()
  })

  it('open nothing more when their row was damaged', async () => {
    const folder = tempFolder()
    const { store, userId } = await withUser(folder)
    await store.createKey(newKey(userId))
    const other = new DatabaseSync(join(folder, 'corral.db'))
    other.exec(`UPDATE keys SET scopes = '{"a":1}', models = 'llama3', upstreams = '[1,"gpu-2"]'`)
    other.close()
    expect((await store.listKeys())[0]).toMatchObject({ scopes: [], models: [], upstreams: ['gpu-2'] })
  })
})

describe('a change', () => {
  it('is whole or not at all, and other calls wait for its end', async () => {
    const { store } = await withUser()
    const before = store.version()
    const failing = store.change(async (tables) => {
      await tables.createUser({ name: 'bob' })
      await tables.writeAudit({ actor: null, action: 'user.create', subject: 'bob', detail: {} })
      throw new Error('changed its mind')
    })
    const meanwhile = store.listUsers()
    await expect(failing).rejects.toThrow('changed its mind')
    expect((await meanwhile).map(({ name }) => name)).toEqual(['ada'])
    expect(await store.listAudit({ since: 0, limit: 10 })).toEqual([])
    expect(store.version()).toBe(before)
    await store.change((tables) => tables.createUser({ name: 'bob', role: 'admin', limits: { concurrent: 1 } }))
    expect((await store.listUsers()).at(-1)).toMatchObject({ name: 'bob', role: 'admin', limits: { concurrent: 1 } })
  })

  it('takes over what it names of a key, and nothing else', async () => {
    const { store, userId } = await withUser()
    const made = await store.createKey(newKey(userId, { limits: { tokensPerDay: 5 } }))
    const previous = { digest: 'd1', until: 99 }
    const changed = await store.changeKey('key_1', { digest: 'd2', previous, models: null, limits: null })
    expect(changed).toEqual({ ...made, digest: 'd2', previous, models: null, limits: null })
    expect(await store.changeKey('key_1', {})).toEqual(changed)
  })

  it('deletes a user whose name and key names are free then, and whose keys stay revoked', async () => {
    const { store, userId } = await withUser()
    await store.createKey(newKey(userId))
    await store.deleteUser(userId)
    expect(await store.listUsers()).toEqual([])
    expect(await store.listKeys()).toMatchObject([{ userName: 'ada', userId, revokedAt: expect.any(Number) }])
    const again = await store.createUser({ name: 'ada' })
    expect(again.id).not.toBe(userId)
    await store.createKey(newKey(again.id, { id: 'key_2' }))
    expect((await store.listKeys()).map((key) => [key.userId, key.revokedAt === null])).toEqual([
      [userId, false],
      [again.id, true],
    ])
  })

  it('of limits by hand lets nothing through where it makes no sense', async () => {
    const folder = tempFolder()
    const { store, userId } = await withUser(folder)
    await store.createKey(newKey(userId))
    const other = new DatabaseSync(join(folder, 'corral.db'))
    onTestFinished(() => other.close())
    for (const wrong of ['{', '[]', '{}', '{"concurrent":-1}', '{"concurrent":"many"}']) {
      other.prepare('UPDATE keys SET limits = ?').run(wrong)
      expect((await store.listKeys())[0]?.limits).toEqual({ requestsPerMinute: 0 })
    }
  })
})

describe('what is noted', () => {
  it('waits for nobody, and is no reason to look again', async () => {
    const folder = tempFolder()
    const { store, userId } = await withUser(folder)
    await store.createKey(newKey(userId))
    const before = store.version()
    const other = new DatabaseSync(join(folder, 'corral.db'))
    onTestFinished(() => other.close())
    other.exec('BEGIN IMMEDIATE')
    expect(await store.note((tables) => tables.markUsed(['key_1']))).toBe(false)
    expect((await store.listKeys())[0]?.lastUsedAt).toBeNull()
    other.exec('COMMIT')
    expect(await store.note((tables) => tables.markUsed(['key_1', 'nobody']))).toBe(true)
    expect((await store.listKeys())[0]?.lastUsedAt).toEqual(expect.any(Number))
    expect(store.version()).toBe(before)
  })
})

describe('the audit log', () => {
  it('is read from the newest, and says who it was', async () => {
    const { store } = await withUser()
    const actor = { user: 'ada', keyId: 'key_1', keyName: 'laptop' }
    await store.writeAudit({ actor: null, action: 'user.create', subject: 'bob', detail: { role: 'member' } })
    await store.writeAudit({ actor, action: 'key.create', subject: 'phone', detail: {} })
    const [newest, oldest] = await store.listAudit({ since: 0, limit: 5 })
    expect(newest).toEqual({ at: expect.any(Number), actor, action: 'key.create', subject: 'phone', detail: {} })
    expect(oldest).toMatchObject({ actor: null, detail: { role: 'member' } })
    expect(await store.listAudit({ since: 0, limit: 1 })).toEqual([newest])
    expect(await store.listAudit({ since: Date.now() + 1000, limit: 5 })).toEqual([])
  })

  it('keeps what was done for good, and of what was refused the newest', async () => {
    const { store } = await withUser()
    await store.writeAudit({ actor: null, action: 'user.create', subject: 'bob', detail: {} })
    await store.note(async (tables) => {
      for (let i = 0; i < 10_005; i++)
        await tables.writeAudit({ actor: null, action: 'refused', subject: String(i), detail: {} })
    })
    const entries = await store.listAudit({ since: 0, limit: 20_000 })
    expect(entries).toHaveLength(10_001)
    expect([entries[0]?.subject, entries.at(-2)?.subject, entries.at(-1)?.subject]).toEqual(['10004', '5', 'bob'])
  })
})

describe('version', () => {
  it('changes with every write of this process and of another connection, and with nothing else', async () => {
    const folder = tempFolder()
    const [{ store }, other] = [await withUser(folder), await open(folder)]
    const seen = [store.version()]
    const note = (): void => void seen.push(store.version())
    await store.listUsers()
    expect(store.version()).toBe(seen[0])
    await store.createUser({ name: 'bob' })
    note()
    await other.createUser({ name: 'eve' })
    note()
    await other.listUsers()
    expect(store.version()).toBe(seen.at(-1))
    await other.setUserDisabled('eve', true)
    note()
    await store.setUserDisabled('eve', false)
    note()
    expect(new Set(seen).size).toBe(5)
    expect((await store.listUsers()).map((user) => user.name)).toEqual(['ada', 'bob', 'eve'])
  })
})

describe('the file', () => {
  it('is readable by its owner only, and so are its companions', async () => {
    const folder = tempFolder()
    await withUser(folder)
    const modes = ['corral.db', 'corral.db-wal', 'corral.db-shm'].map(
      (name) => statSync(join(folder, name)).mode & 0o777,
    )
    expect(modes).toEqual([0o600, 0o600, 0o600])
  })

  it('is named by an absolute path as well', async () => {
    const folder = tempFolder()
    await (await open('/', `sqlite:${folder}/a.db`)).createUser({ name: 'ada' })
    const again = await open('/', `sqlite://${folder}/a.db`)
    expect(await again.listUsers()).toHaveLength(1)
  })

  it.each([
    '',
    'corral.db',
    'postgres://u:hunter2@db/x',
    'sqlite:',
    'sqlite:dir/',
    'sqlite::memory:',
    'sqlite://host/x',
    'sqlite:a?mode=ro',
  ])('is not what %j names', async (url) => {
    const failure = openStore(url, { cwd: tempFolder() })
    await expect(failure).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringMatching(/^The store ".*" is not of the form sqlite:PATH$/),
    })
    await expect(failure).rejects.not.toThrow('hunter2')
  })

  it('is refused in one sentence when it cannot be one', async () => {
    const folder = tempFolder()
    writeFileSync(join(folder, 'text.db'), 'this is no database\n'.repeat(100))
    mkdirSync(join(folder, 'folder.db'))
    const problems: [string, string][] = [
      [
        'text.db',
        'it is not an SQLite database, or its beginning is damaged: run "corral restore FILE" with a backup, or start with another store',
      ],
      ['folder.db', 'it is a folder'],
      ['none/x.db', 'its folder does not exist'],
      ['text.db/x.db', 'its folder is a file'],
    ]
    for (const [name, problem] of problems) {
      const message = `Cannot open the store "${join(folder, name)}": ${problem}`
      await expect(openStore(`sqlite:${name}`, { cwd: folder })).rejects.toMatchObject({
        code: 'invalid_input',
        message,
      })
    }
    expect(readFileSync(join(folder, 'text.db'), 'utf8')).toBe('this is no database\n'.repeat(100))
  })

  it.skipIf(process.getuid?.() === 0)('is refused in a folder that may not be written to (not as root)', async () => {
    const folder = tempFolder()
    chmodSync(folder, 0o500)
    await expect(openStore('sqlite:corral.db', { cwd: folder })).rejects.toThrow('this user may not write there')
  })

  it('of another program stays as it is', async () => {
    const folder = tempFolder()
    const foreign = new DatabaseSync(join(folder, 'other.db'))
    foreign.exec('CREATE TABLE users (name TEXT)')
    foreign.close()
    await expect(openStore('sqlite:other.db', { cwd: folder })).rejects.toThrow('it is the database of another program')
    const again = new DatabaseSync(join(folder, 'other.db'))
    expect(again.prepare('SELECT name FROM sqlite_schema').all()).toMatchObject([{ name: 'users' }])
    again.close()
  })

  it('of an older program goes on, and its keys are plain in the queue', async () => {
    const folder = tempFolder()
    const older = new DatabaseSync(join(folder, 'corral.db'))
    migrate(older, migrations.slice(0, 2))
    older.exec(`
      INSERT INTO users (id, name, created_at) VALUES ('u1', 'ada', 1);
      INSERT INTO keys (id, name, user_id, scopes, created_at, kind, digest, hint)
      VALUES ('k1', 'laptop', 'u1', '["chat"]', 2, 'key', 'd1', 'abcd');
    `)
    older.close()
    const store = await open(folder)
    const [key] = await store.listKeys()
    expect(key).toMatchObject({ id: 'k1', userName: 'ada', digest: 'd1', queue: { class: 'interactive', weight: 1 } })
    const queue = { class: 'batch', weight: 2 } as const
    await store.createKey(newKey('u1', { id: 'k2', name: 'night', digest: 'd2', queue }))
    expect((await store.listKeys()).map((each) => each.queue.weight)).toEqual([1, 2])
  })

  it('written by a newer program is refused with both numbers', async () => {
    const folder = tempFolder()
    await (await openStore('sqlite:corral.db', { cwd: folder })).close()
    const newer = new DatabaseSync(join(folder, 'corral.db'))
    newer.exec('INSERT INTO migrations (number, applied_at) VALUES (99, 0)')
    newer.close()
    await expect(openStore('sqlite:corral.db', { cwd: folder })).rejects.toThrow(
      `its schema 99 is newer than this program, which knows ${migrations.length}: install a newer Corral`,
    )
  })
})
