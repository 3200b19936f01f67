import type { DatabaseSync } from 'node:sqlite'
import { GatewayError } from '../errors/gateway-error.ts'
import { migrations as known, type Migration } from './migrations.ts'

/** "crrl": tells a database of ours from any other. */
const APPLICATION_ID = 0x6372726c

/**
 * Brings the schema up to date. One writer at a time: whoever comes second waits, sees the work done and goes on.
 */
export function migrate(database: DatabaseSync, migrations: readonly Migration[] = known): void {
  const found = readSchemaNumber(database)
  if (found > migrations.length) throw tooNew(found, migrations.length)
  if (found === migrations.length) return
  database.exec('BEGIN IMMEDIATE')
  try {
    const current = readSchemaNumber(database)
    if (current === 0) createTable(database)
    for (const migration of migrations.slice(current)) {
      database.exec(migration.sql)
      database.prepare('INSERT INTO migrations (number, applied_at) VALUES (?, ?)').run(migration.number, Date.now())
    }
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

/**
 * The number of the last migration that ran here; 0 for an empty file. Throws GatewayError `invalid_input` where the
 * database is another program's.
 */
export function readSchemaNumber(database: DatabaseSync): number {
  const applicationId = database.prepare('PRAGMA application_id').get()?.['application_id']
  if (applicationId === APPLICATION_ID) {
    return Number(database.prepare('SELECT max(number) AS number FROM migrations').get()?.['number'] ?? 0)
  }
  const tables = Number(database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get()?.['tables'])
  if (applicationId === 0 && tables === 0) return 0
  throw new GatewayError('invalid_input', { message: 'it is the database of another program' })
}

function createTable(database: DatabaseSync): void {
  database.exec(`
    CREATE TABLE migrations (number INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT;
    PRAGMA application_id = ${APPLICATION_ID};
  `)
}

function tooNew(current: number, known: number): GatewayError {
  return new GatewayError('invalid_input', {
    message: `its schema ${current} is newer than this program, which knows ${known}: install a newer Corral`,
  })
}
