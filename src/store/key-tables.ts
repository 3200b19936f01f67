import type { Kysely } from 'kysely'
import type { KeyTables } from '../auth/key-store.ts'
import type { Clock } from '../lib/clock.ts'
import { listAudit, writeAudit } from './audit-queries.ts'
import { changeKey, createKey, listKeys, markUsed, revokeKey } from './key-queries.ts'
import type { Schema } from './schema.ts'
import { createSessionTables } from './session-queries.ts'
import { createUpstreamTables } from './upstream-queries.ts'
import { changeUser, createUser, deleteUser, listUsers, setUserDisabled } from './user-queries.ts'

/** Users, keys and audit over a connection: that of the store, or of one transaction. */
export function createKeyTables(database: Kysely<Schema>, clock: Clock): KeyTables {
  return {
    listUsers: () => listUsers(database),
    createUser: (user) => createUser(database, user, clock.now()),
    setUserDisabled: (name, disabled) => setUserDisabled(database, name, disabled),
    changeUser: (id, change) => changeUser(database, id, change),
    deleteUser: (id) => deleteUser(database, id, clock.now()),
    listKeys: () => listKeys(database),
    createKey: (key) => createKey(database, key, clock.now()),
    changeKey: (id, change) => changeKey(database, id, change),
    revokeKey: (nameOrId) => revokeKey(database, nameOrId, clock.now()),
    listAudit: (filter) => listAudit(database, filter),
    markUsed: (keyIds) => markUsed(database, keyIds, clock.now()),
    writeAudit: (entry) => writeAudit(database, entry, clock.now()),
    ...createSessionTables(database),
    ...createUpstreamTables(database),
  }
}
