import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { migrate } from './migrate.ts'
import { migrations } from './migrations.ts'
import { openStore } from './open-store.ts'

type Row = Record<string, unknown>

/**
 * What each migration makes of the database before it (`__fixtures__/schema-N.sql`). A new migration gets a line here,
 * and the schema before it a file: `sqlite3 corral.db .dump` of a database with rows in every table.
 */
const effects: Readonly<Record<number, (rows: (sql: string) => Row[]) => void>> = {
  2(rows) {
    const pools = rows('SELECT pools FROM keys ORDER BY id').map((row) => row['pools'])
    expect(pools).toEqual([null, null, null, null, '["default"]'])
  },
  3(rows) {
    const shares = rows('SELECT DISTINCT queue_class, queue_weight FROM keys')
    expect(shares).toEqual([{ queue_class: 'interactive', queue_weight: 1 }])
  },
  4(rows) {
    const roles = rows('SELECT role FROM users ORDER BY id').map((row) => row['role'])
    // Who has a key for administration, metrics or agents may go on having it.
    expect(roles).toEqual(['admin', 'member', 'member', 'admin'])
    const unset = rows('SELECT DISTINCT limits, last_used_at, previous_digest, previous_until FROM keys')
    expect(unset).toEqual([{ limits: null, last_used_at: null, previous_digest: null, previous_until: null }])
    expect(rows('SELECT * FROM audit')).toEqual([])
  },
  5(rows) {
    expect(rows('SELECT * FROM exchanges UNION ALL SELECT * FROM exchanges')).toEqual([])
    expect(rows('SELECT * FROM usage_days')).toEqual([])
  },
  6(rows) {
    const users = rows('SELECT key_id, user_id FROM usage_days ORDER BY key_id')
    expect(users).toEqual([
      { key_id: 'auth-token', user_id: null },
      { key_id: 'key_2', user_id: 'user_2' },
      { key_id: 'key_3', user_id: 'user_2' },
    ])
    expect(rows('SELECT DISTINCT user_id FROM exchanges')).toEqual([{ user_id: null }])
  },
  7(rows) {
    expect(rows('SELECT digest FROM console_sessions UNION ALL SELECT digest FROM console_links')).toEqual([])
  },
  8(rows) {
    expect(rows('SELECT name, hold, terms FROM upstreams')).toEqual([])
    // Who was logged in still is.
    expect(rows('SELECT digest FROM console_sessions')).toEqual([{ digest: 'd1' }])
  },
  9(rows) {
    const times = rows('SELECT key_id, queued, queue_ms, answered, first_token_ms FROM usage_days ORDER BY key_id')
    // Of days whose rows are gone, and of what was refused, nothing is known.
    const none = { queued: 0, queue_ms: 0, answered: 0, first_token_ms: 0 }
    expect(times).toEqual([
      { key_id: 'auth-token', ...none },
      { key_id: 'key_2', queued: 1, queue_ms: 0.25, answered: 1, first_token_ms: 41.5 },
      { key_id: 'key_3', ...none },
    ])
  },
}

function fixturePath(schema: number): string {
  return join(import.meta.dirname, `__fixtures__/schema-${schema}.sql`)
}

function openFixture(schema: number, path = ':memory:'): DatabaseSync {
  const database = new DatabaseSync(path)
  onTestFinished(() => (database.isOpen ? database.close() : undefined))
  database.exec(readFileSync(fixturePath(schema), 'utf8'))
  return database
}

function openMigrated(upTo: number): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  onTestFinished(() => database.close())
  migrate(database, migrations.slice(0, upTo))
  return database
}

function rowsOf(database: DatabaseSync, sql: string): Row[] {
  return database
    .prepare(sql)
    .all()
    .map((row) => ({ ...row }))
}

function schemaOf(database: DatabaseSync): Row[] {
  return rowsOf(database, 'SELECT type, name, sql FROM sqlite_schema ORDER BY type, name')
}

const earlier = migrations.map(({ number }) => number).filter((number) => number < migrations.length)

describe('migrations', () => {
  it.each(migrations.slice(1))('number $number is tested from the schema before it', ({ number }) => {
    expect(existsSync(fixturePath(number - 1)), `${fixturePath(number - 1)} is missing`).toBe(true)
    const effect = effects[number]
    expect(effect, `effects[${number}] is missing`).toBeDefined()
    const database = openFixture(number - 1)
    migrate(database, migrations.slice(0, number))
    effect?.((sql) => rowsOf(database, sql))
  })

  it.each(earlier)('up to number %i make what they made when they were released', (schema) => {
    expect(schemaOf(openMigrated(schema))).toEqual(schemaOf(openFixture(schema)))
  })
})

describe.each(earlier)('a database of schema %i', (schema) => {
  it('has rows in every table', () => {
    const database = openFixture(schema)
    const tables = rowsOf(database, "SELECT name FROM sqlite_schema WHERE type = 'table'").map((row) =>
      String(row['name']),
    )
    expect(tables.filter((table) => rowsOf(database, `SELECT 1 FROM ${table}`).length === 0)).toEqual([])
  })

  it('comes to the schema of a new one and loses nothing', () => {
    const database = openFixture(schema)
    const before = { users: rowsOf(database, 'SELECT * FROM users'), keys: rowsOf(database, 'SELECT * FROM keys') }
    migrate(database)
    expect(schemaOf(database)).toEqual(schemaOf(openMigrated(migrations.length)))
    const pools = schema === 1 ? [{}, {}, {}, {}, { pools: '["default"]' }] : []
    expect(rowsOf(database, 'SELECT * FROM users')).toMatchObject(before.users)
    expect(rowsOf(database, 'SELECT * FROM keys')).toMatchObject(
      before.keys.map((key, index) => ({ ...key, ...pools[index] })),
    )
    expect(rowsOf(database, 'PRAGMA foreign_key_check')).toEqual([])
    expect(rowsOf(database, 'PRAGMA integrity_check')).toEqual([{ integrity_check: 'ok' }])
  })

  it('is opened and used as a store', async () => {
    const folder = tempFolder()
    openFixture(schema, join(folder, 'corral.db')).close()
    const store = await openStore('sqlite:corral.db', { cwd: folder, check: true })
    onTestFinished(() => store.close())
    const states = (await store.listKeys()).map(({ name, kind, revokedAt }) => [name, kind, revokedAt])
    expect(states).toEqual([
      ['first', 'key', null],
      ['laptop', 'key', null],
      ['old laptop', 'key', 1700000005000],
      ['cli', 'ssh', null],
      ['home', 'key', null],
    ])
    await store.revokeKey('laptop')
    await store.createUser({ name: 'new', role: 'member', limits: null })
    expect((await store.listUsers()).map(({ name, disabled }) => [name, disabled])).toEqual([
      ['admin', false],
      ['ada', false],
      ['gone', true],
      ['lab', false],
      ['new', false],
    ])
  })
})
