import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tempFolder } from '../../test/fakes/temp-folder.ts'
import { checkIntegrity, checkThoroughly } from './integrity.ts'
import { migrate } from './migrate.ts'

/** A store with enough rows in two tables that each has pages of its own. */
function createStoreFile(): string {
  const path = join(tempFolder(), 'corral.db')
  const database = new DatabaseSync(path)
  migrate(database)
  const rows = 'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT i'
  database.exec(`
    INSERT INTO marks ${rows} || 'm', 'mark-value-' || hex(randomblob(50)) FROM n;
    INSERT INTO usage_days (day, user, key_id, key_name, model, upstream, requests, errors, prompt_tokens, completion_tokens, cost)
    ${rows} || 'd', 'day-value-' || hex(randomblob(50)), 'k', '', 'm', 'u', 1, 0, 0, 0, 0 FROM n;
  `)
  database.close()
  return path
}

/** Overwrites the first page of the table's rows. */
function damage(path: string, table: string): void {
  const database = new DatabaseSync(path)
  const { rootpage } = database.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(table) ?? {}
  database.close()
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(4096, 0x5a), 0, 4096, (Number(rootpage) - 1) * 4096)
  closeSync(file)
}

function open(path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  onTestFinished(() => database.close())
  return database
}

const ALL = Number.MAX_SAFE_INTEGER

describe('checkIntegrity', () => {
  it('lets a whole database and an empty one pass', () => {
    const database = open(createStoreFile())
    checkIntegrity(database)
    checkIntegrity(database, 0)
    checkThoroughly(database)
    checkIntegrity(open(':memory:'))
  })

  it.each([ALL, 0])('finds damage in what opens doors, also where it reads no more than %i bytes whole', (bytes) => {
    const path = createStoreFile()
    damage(path, 'marks')
    expect(() => checkIntegrity(open(path), bytes)).toThrow(/^it is damaged|malformed/)
  })

  it('leaves out the books of a large database, which a backup looks at', () => {
    const path = createStoreFile()
    damage(path, 'usage_days')
    const database = open(path)
    checkIntegrity(database, 0)
    expect(() => checkIntegrity(database, ALL)).toThrow(/^it is damaged|malformed/)
    expect(() => checkThoroughly(database)).toThrow(/^it is damaged|malformed/)
  })
})
