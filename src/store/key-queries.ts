import { type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import type { KeyChange, KeyRecord, NewKey } from '../auth/key-store.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { toKeyColumns, toKeyRecord, toKeyRow } from './key-rows.ts'
import type { KeyRow, Schema } from './schema.ts'
import { uniqueViolation } from './store-problem.ts'

/** SQLite bounds the parameters of a statement. */
const MARKED_AT_ONCE = 500

export async function listKeys(database: Kysely<Schema>): Promise<KeyRecord[]> {
  const rows = await selectKeys(database)
    .orderBy('keys.created_at')
    .orderBy(sql`keys.rowid`)
    .execute()
  return rows.map(toKeyRecord)
}

export async function createKey(database: Kysely<Schema>, key: NewKey, now: number): Promise<KeyRecord> {
  try {
    await database.insertInto('keys').values(toKeyRow(key, now)).execute()
  } catch (error) {
    const violation = uniqueViolation(error)
    if (violation === undefined) throw error
    const message = violation.includes('keys.name')
      ? `There is a key ${JSON.stringify(key.name)} already`
      : 'This key is in the store already'
    throw new GatewayError('name_taken', { message, cause: error })
  }
  return findById(database, key.id)
}

export async function changeKey(database: Kysely<Schema>, id: string, change: KeyChange): Promise<KeyRecord> {
  const columns = toKeyColumns(change)
  if (Object.keys(columns).length > 0) await database.updateTable('keys').set(columns).where('id', '=', id).execute()
  return findById(database, id)
}

/** Revoking again changes nothing and says when it was. An id goes before a name that looks like it. */
export async function revokeKey(database: Kysely<Schema>, nameOrId: string, now: number): Promise<KeyRecord> {
  const known = await selectKeys(database)
    .where(({ eb, and, or }) =>
      or([eb('keys.id', '=', nameOrId), and([eb('keys.name', '=', nameOrId), eb('keys.revoked_at', 'is', null)])]),
    )
    .execute()
  const id = (known.find((row) => row.id === nameOrId) ?? known[0])?.id
  if (id === undefined) {
    throw new GatewayError('not_found', { message: `There is no key ${JSON.stringify(nameOrId)}` })
  }
  await database
    .updateTable('keys')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute()
  return findById(database, id)
}

export async function markUsed(database: Kysely<Schema>, ids: readonly string[], now: number): Promise<void> {
  for (let from = 0; from < ids.length; from += MARKED_AT_ONCE) {
    const some = ids.slice(from, from + MARKED_AT_ONCE)
    await database.updateTable('keys').set({ last_used_at: now }).where('id', 'in', some).execute()
  }
}

async function findById(database: Kysely<Schema>, id: string): Promise<KeyRecord> {
  return toKeyRecord(await selectKeys(database).where('keys.id', '=', id).executeTakeFirstOrThrow())
}

type KeySelect = SelectQueryBuilder<Schema, 'keys' | 'users', KeyRow & { user_name: string }>

function selectKeys(database: Kysely<Schema>): KeySelect {
  return database
    .selectFrom('keys')
    .innerJoin('users', 'users.id', 'keys.user_id')
    .selectAll('keys')
    .select(({ fn }) => fn.coalesce('users.deleted_name', 'users.name').as('user_name'))
}
