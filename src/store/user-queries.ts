import { randomUUID } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { NewUser, UserRecord } from '../auth/key-store.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { entityNameRule, isEntityName } from '../lib/entity-name.ts'
import { toJson, toUserRecord } from './key-rows.ts'
import type { Schema } from './schema.ts'
import { uniqueViolation } from './store-problem.ts'

export async function listUsers(database: Kysely<Schema>): Promise<UserRecord[]> {
  const rows = await database
    .selectFrom('users')
    .selectAll()
    .where('deleted_name', 'is', null)
    .orderBy('created_at')
    .orderBy(sql`rowid`)
    .execute()
  return rows.map(toUserRecord)
}

export async function createUser(database: Kysely<Schema>, user: NewUser, now: number): Promise<UserRecord> {
  const { name, role = 'member', limits = null } = user
  if (!isEntityName(name)) {
    throw new GatewayError('invalid_input', {
      message: `${JSON.stringify(name)} cannot be a name: use ${entityNameRule}`,
    })
  }
  const plain = { disabled: 0, created_at: now, deleted_name: null } as const
  const row = { ...plain, id: `user_${randomUUID()}`, name, role, limits: limits && toJson(limits) }
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
  if (result.numUpdatedRows === 0n) throw noUser(name)
}

export async function changeUser(
  database: Kysely<Schema>,
  id: string,
  { role, limits }: Partial<Pick<UserRecord, 'role' | 'limits'>>,
): Promise<void> {
  const columns = { ...(role && { role }), ...(limits !== undefined && { limits: toJson(limits) }) }
  if (Object.keys(columns).length === 0) return
  await database.updateTable('users').set(columns).where('id', '=', id).execute()
}

/** The row stays: its keys are known to be revoked, whatever file else has them. No name that a user may have has a colon. */
export async function deleteUser(database: Kysely<Schema>, id: string, now: number): Promise<void> {
  await database
    .updateTable('keys')
    .set({ revoked_at: now })
    .where('user_id', '=', id)
    .where('revoked_at', 'is', null)
    .execute()
  await database
    .updateTable('users')
    .set({ deleted_name: sql`name`, name: `deleted:${id}`, disabled: 1 })
    .where('id', '=', id)
    .where('deleted_name', 'is', null)
    .execute()
}

function noUser(name: string): GatewayError {
  return new GatewayError('not_found', { message: `There is no user ${JSON.stringify(name)}` })
}
