import { issueKey, type IssueDeps } from '../auth/issue-key.ts'
import type { KeyStore } from '../auth/key-store.ts'
import { scopes } from '../auth/scope.ts'

const NAME = 'admin'

export interface FirstKeyDeps extends Omit<IssueDeps, 'store'> {
  readonly store: KeyStore
}

/** Makes user `admin` and a key that may do everything but be an agent. The secret, to be shown once. */
export function createFirstKey({ store, pepper, clock }: FirstKeyDeps): Promise<string> {
  const everything = scopes.filter((scope) => scope !== 'agent')
  return store.change(async (tables) => {
    const users = await tables.listUsers()
    if (!users.some(({ name }) => name === NAME)) await tables.createUser({ name: NAME, role: 'admin' })
    const { record, secret } = await issueKey(
      { store: tables, pepper, clock },
      { name: 'first', user: NAME, scopes: everything, models: null, expiresAt: null },
    )
    const detail = { id: record.id, user: NAME, scopes: everything, by: 'the first start' }
    await tables.writeAudit({ actor: null, action: 'key.create', subject: record.name, detail })
    return secret
  })
}
