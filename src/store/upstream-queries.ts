import type { Kysely } from 'kysely'
import type { UpstreamRecord, UpstreamTables, UpstreamTerms } from '../upstreams/upstream-tables.ts'
import { parseJson } from './key-rows.ts'
import type { Schema } from './schema.ts'

/** What is kept of upstreams beside the config, over a connection. */
export function createUpstreamTables(database: Kysely<Schema>): UpstreamTables {
  return {
    async listUpstreams() {
      const rows = await database.selectFrom('upstreams').selectAll().orderBy('name').execute()
      return rows.map(({ name, hold, terms }) => ({ name, hold, added: terms === null ? null : parseTerms(terms) }))
    },
    keepUpstream: (record) => keep(database, record),
    async forgetUpstream(name) {
      await database.deleteFrom('upstreams').where('name', '=', name).execute()
    },
  }
}

async function keep(database: Kysely<Schema>, { name, hold, added }: UpstreamRecord): Promise<void> {
  await database.deleteFrom('upstreams').where('name', '=', name).execute()
  // Of one that nothing is to be said of, nothing is kept.
  if (hold === null && added === null) return
  const terms = added === null ? null : JSON.stringify(added)
  await database.insertInto('upstreams').values({ name, hold, terms }).execute()
}

/** Judged by the rules of the config when it is used; a line that somebody edited by hand is refused there. */
function parseTerms(json: string): UpstreamTerms {
  const value = parseJson(json)
  return typeof value === 'object' && value !== null ? { url: '', ...value } : { url: '' }
}
