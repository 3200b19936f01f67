import type { DatabaseSync } from 'node:sqlite'
import { readSchemaNumber } from './migrate.ts'

/** How much of what is in a database. */
export interface StoreContents {
  /** The number of its last migration. */
  readonly schema: number
  readonly rows: Readonly<Record<Counted, number>>
}

const counted = ['users', 'keys', 'audit', 'exchanges'] as const
type Counted = (typeof counted)[number]

/** Throws GatewayError `invalid_input` where it is another program's. */
export function readContents(database: DatabaseSync): StoreContents {
  const schema = readSchemaNumber(database)
  const names = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  const tables = new Set(names.map((row) => row['name']))
  const rows = { users: 0, keys: 0, audit: 0, exchanges: 0 }
  // An older schema knows fewer of them.
  for (const table of counted.filter((name) => tables.has(name))) rows[table] = countRows(database, table)
  return { schema, rows }
}

function countRows(database: DatabaseSync, table: Counted): number {
  return Number(database.prepare(`SELECT count(*) AS rows FROM ${table}`).get()?.['rows'])
}
