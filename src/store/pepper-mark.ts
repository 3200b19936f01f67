import { sql, type Kysely } from 'kysely'
import type { Schema } from './schema.ts'

const NAME = 'pepper'

/** One statement, so that of two processes on a fresh database one mark wins and the other sees it. */
export async function claimPepper(database: Kysely<Schema>, mark: string): Promise<boolean> {
  await sql`
    INSERT INTO marks (name, value) VALUES (${NAME}, ${mark})
    ON CONFLICT (name) DO UPDATE SET value = excluded.value
    WHERE value <> excluded.value AND NOT EXISTS (SELECT 1 FROM keys WHERE kind = 'key')
  `.execute(database)
  const row = await database.selectFrom('marks').select('value').where('name', '=', NAME).executeTakeFirst()
  return row?.value === mark
}
