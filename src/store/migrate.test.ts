import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { migrate } from './migrate.ts'
import { migrations } from './migrations.ts'

const first = { number: 1, sql: 'CREATE TABLE a (x)' }
const second = { number: 2, sql: 'ALTER TABLE a ADD COLUMN y' }

function tables(database: DatabaseSync): unknown[] {
  return database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .all()
    .map((row) => row['name'])
}

describe('migrate', () => {
  it('runs what is missing, in order and once', () => {
    const database = new DatabaseSync(':memory:')
    migrate(database, [first])
    migrate(database, [first, second])
    migrate(database, [first, second])
    expect(database.prepare('SELECT number FROM migrations').all()).toMatchObject([{ number: 1 }, { number: 2 }])
    expect(database.prepare('SELECT x, y FROM a').all()).toEqual([])
  })

  it('leaves everything as it was when one fails half way', () => {
    const database = new DatabaseSync(':memory:')
    const broken = { number: 2, sql: 'CREATE TABLE b (x); CREATE TABLE a (x)' }
    migrate(database, [first])
    expect(() => migrate(database, [first, broken])).toThrow('already exists')
    expect(tables(database)).toEqual(['a', 'migrations'])
    migrate(database, [first, second])
    expect(database.prepare('SELECT max(number) AS number FROM migrations').get()).toMatchObject({ number: 2 })
  })

  it('gives pools to the keys of a database that knew none', () => {
    const database = new DatabaseSync(':memory:')
    migrate(database, migrations.slice(0, 1))
    database.exec(`
      INSERT INTO users (id, name, created_at) VALUES ('u1', 'ada', 0);
      INSERT INTO keys (id, name, user_id, scopes, created_at, kind, digest, hint)
      VALUES ('k1', 'a', 'u1', '["agent"]', 0, 'key', 'd1', ''), ('k2', 'b', 'u1', '["chat"]', 0, 'key', 'd2', '');
    `)
    migrate(database)
    const pools = database.prepare('SELECT pools FROM keys ORDER BY id').all()
    expect(pools.map((row) => row['pools'])).toEqual(['["default"]', null])
  })

  it('makes the keys of an older database plain in the queue, and takes no others than there are', () => {
    const database = new DatabaseSync(':memory:')
    migrate(database, migrations.slice(0, 2))
    database.exec(`
      INSERT INTO users (id, name, created_at) VALUES ('u1', 'ada', 0);
      INSERT INTO keys (id, name, user_id, scopes, created_at, kind, digest, hint)
      VALUES ('k1', 'a', 'u1', '["chat"]', 0, 'key', 'd1', '');
    `)
    migrate(database)
    const rows = database.prepare('SELECT queue_class, queue_weight FROM keys').all()
    expect(rows).toMatchObject([{ queue_class: 'interactive', queue_weight: 1 }])
    for (const wrong of ["queue_class = 'first'", 'queue_weight = 0', 'queue_weight = 101', 'queue_class = NULL'])
      expect(() => database.exec(`UPDATE keys SET ${wrong}`)).toThrow('constraint failed')
  })

  it('knows migrations that count up without gaps', () => {
    expect(migrations.map((migration) => migration.number)).toEqual(migrations.map((_, index) => index + 1))
  })
})
