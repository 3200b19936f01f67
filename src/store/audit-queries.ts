import type { Kysely } from 'kysely'
import type { AuditEntry, AuditRecord, REFUSED } from '../auth/audit.ts'
import { parseJson } from './key-rows.ts'
import type { Schema } from './schema.ts'

const refused: typeof REFUSED = 'refused'

/** Whoever has no rights shall not fill the disk. */
const KEPT_REFUSALS = 10_000

export async function listAudit(
  database: Kysely<Schema>,
  { since, limit }: { readonly since: number; readonly limit: number },
): Promise<AuditRecord[]> {
  const rows = await database
    .selectFrom('audit')
    .selectAll()
    .where('at', '>=', since)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ at, user, key_id, key_name, action, subject, detail }) => ({
    at,
    actor: user === null ? null : { user, keyId: key_id ?? '', keyName: key_name ?? '' },
    action,
    subject,
    detail: parseDetail(detail),
  }))
}

/** A line that somebody edited by hand does not hide the others. */
function parseDetail(json: string): AuditRecord['detail'] {
  const value = parseJson(json)
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

export async function writeAudit(database: Kysely<Schema>, entry: AuditEntry, now: number): Promise<void> {
  const { actor, action, subject } = entry
  const who = { user: actor?.user ?? null, key_id: actor?.keyId ?? null, key_name: actor?.keyName ?? null }
  const row = { at: now, ...who, action, subject, detail: JSON.stringify(entry.detail) }
  await database.insertInto('audit').values(row).execute()
  if (action === refused) await dropOldRefusals(database)
}

async function dropOldRefusals(database: Kysely<Schema>): Promise<void> {
  const oldest = await database
    .selectFrom('audit')
    .select('id')
    .where('action', '=', refused)
    .orderBy('id', 'desc')
    .offset(KEPT_REFUSALS)
    .limit(1)
    .executeTakeFirst()
  if (oldest === undefined) return
  await database.deleteFrom('audit').where('action', '=', refused).where('id', '<=', oldest.id).execute()
}
