import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { SqliteDialect } from 'kysely'

/**
 * kysely's SQLite dialect over node:sqlite, whose statements take parameters one by one. Closing is left to whoever
 * opened it: kysely would not, where it was never asked anything.
 */
export function createSqliteDialect(database: DatabaseSync): SqliteDialect {
  return new SqliteDialect({
    database: {
      close: () => {},
      prepare(sql) {
        const statement = database.prepare(sql)
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...toValues(parameters)),
          run: (parameters) => statement.run(...toValues(parameters)),
          iterate: (parameters) => statement.iterate(...toValues(parameters)),
        }
      },
    },
  })
}

/** The schema types admit nothing else. */
function toValues(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters as SQLInputValue[]
}
