import type { DatabaseSync } from 'node:sqlite'
import { damage } from './store-problem.ts'

/** About a third of a second of reading. */
const WHOLE_UP_TO_BYTES = 128 * 2 ** 20

/** What grows with traffic, to gigabytes. Damage there costs no one a key, and a backup looks at it. */
const books: ReadonlySet<string> = new Set(['exchanges', 'usage_days'])

/**
 * Looks for damage before anything is made of what a database says. A large one is not read whole, so that a start takes
 * no minutes: then the books are left out. Throws GatewayError `invalid_input`.
 */
export function checkIntegrity(database: DatabaseSync, wholeUpToBytes = WHOLE_UP_TO_BYTES): void {
  if (sizeOf(database) <= wholeUpToBytes) return failOn(findDamage(database))
  for (const table of tablesOf(database)) {
    if (!books.has(table)) failOn(findDamage(database, table))
  }
}

/** All of it, and whether the indexes agree with the tables, which takes as long as it takes. */
export function checkThoroughly(database: DatabaseSync): void {
  failOn(firstLine(database, 'PRAGMA integrity_check(1)'))
}

function findDamage(database: DatabaseSync, table?: string): string | undefined {
  return firstLine(database, `PRAGMA quick_check(${table === undefined ? 1 : `"${table.replaceAll('"', '""')}"`})`)
}

function firstLine(database: DatabaseSync, pragma: string): string | undefined {
  const [line] = Object.values(database.prepare(pragma).get() ?? {})
  return line === 'ok' ? undefined : String(line)
}

function failOn(line: string | undefined): void {
  if (line !== undefined) throw damage(line.replace(/\s+/g, ' ').slice(0, 120))
}

function sizeOf(database: DatabaseSync): number {
  const numberOf = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
  return numberOf('page_count') * numberOf('page_size')
}

function tablesOf(database: DatabaseSync): string[] {
  const rows = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  return rows.map((row) => String(row['name']))
}
