import type { Kysely } from 'kysely'
import type { LinkRecord, SessionRecord, SessionTables } from '../auth/console-session.ts'
import { parseScopes } from './key-rows.ts'
import type { LinkRow, Schema, SessionRow } from './schema.ts'

/** Sessions of the console and links into it, over a connection. */
export function createSessionTables(database: Kysely<Schema>): SessionTables {
  return {
    async listSessions() {
      const rows = await database.selectFrom('console_sessions').selectAll().execute()
      return rows.map(toSessionRecord)
    },
    async createSession(session) {
      await database.insertInto('console_sessions').values(toSessionRow(session)).execute()
    },
    async markSessions(seen) {
      for (const [digest, seen_at] of seen) {
        await database.updateTable('console_sessions').set({ seen_at }).where('digest', '=', digest).execute()
      }
    },
    async removeSessions(digests) {
      for (const digest of digests) {
        await database.deleteFrom('console_sessions').where('digest', '=', digest).execute()
      }
    },
    async createLink({ digest, keyId, keyDigest, expiresAt }) {
      const row: LinkRow = { digest, key_id: keyId, key_digest: keyDigest, expires_at: expiresAt }
      await database.insertInto('console_links').values(row).execute()
    },
    async takeLink(digest) {
      const row = await database
        .deleteFrom('console_links')
        .where('digest', '=', digest)
        .returningAll()
        .executeTakeFirst()
      return row && toLinkRecord(row)
    },
    async removeLinksBefore(time) {
      await database.deleteFrom('console_links').where('expires_at', '<=', time).execute()
    },
  }
}

function toSessionRow({ digest, keyId, keyDigest, scopes, madeAt, seenAt }: SessionRecord): SessionRow {
  return {
    digest,
    key_id: keyId,
    key_digest: keyDigest,
    scopes: JSON.stringify(scopes),
    made_at: madeAt,
    seen_at: seenAt,
  }
}

function toSessionRecord({ digest, key_id, key_digest, scopes, made_at, seen_at }: SessionRow): SessionRecord {
  return {
    digest,
    keyId: key_id,
    keyDigest: key_digest,
    scopes: parseScopes(scopes),
    madeAt: made_at,
    seenAt: seen_at,
  }
}

function toLinkRecord({ digest, key_id, key_digest, expires_at }: LinkRow): LinkRecord {
  return { digest, keyId: key_id, keyDigest: key_digest, expiresAt: expires_at }
}
