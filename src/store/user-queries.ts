import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { UserRecord } from '../auth/key-store.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { entityNameRule, isEntityName } from '../lib/entity-name.ts'
import { toUserRecord } from './key-rows.ts'
import type { Schema } from './schema.ts'
import { uniqueViolation } from './store-problem.ts'

export async function listUsers(database: Kysely<Schema>): Promise<UserRecord[]> {
  const rows = await database
    .selectFrom('users')
    .selectAll()
    .orderBy('created_at')
    .orderBy(sql`rowid`)
    .execute()
  return rows.map(toUserRecord)
}

export async function createUser(database: Kysely<Schema>, name: string, now: number): Promise<UserRecord> {
  if (!isEntityName(name)) {
    throw new GatewayError('invalid_input', {
      message: `${JSON.stringify(name)} cannot be a name: use ${entityNameRule}`,
    })
  }
  const row = { id: `user_${randomUUID()}`, name, disabled: 0, created_at: now } as const
  try {
    await database.insertInto('users').values(row).execute()
  } catch (error) {
    if (uniqueViolation(error) === undefined) throw error
    throw new GatewayError('name_taken', { message: `There is a user "${name}" already`, cause: error })
  }
  return toUserRecord(row)
}

export async function setUserDisabled(database: Kysely<Schema>, name: string, disabled: boolean): Promise<void> {
  const result = await database
    .updateTable('users')
    .set({ disabled: disabled ? 1 : 0 })
    .where('name', '=', name)
    .executeTakeFirst()
  if (result.numUpdatedRows === 0n) {
    throw new GatewayError('not_found', { message: `There is no user ${JSON.stringify(name)}` })
  }
}
