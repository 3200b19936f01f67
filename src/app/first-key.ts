import { issueKey, type IssueDeps } from '../auth/issue-key.ts'
import { scopes } from '../auth/scope.ts'
import { GatewayError } from '../errors/gateway-error.ts'

/** Makes user `admin` and a key that may do everything but be an agent. The secret, to be shown once. */
export async function createFirstKey(deps: IssueDeps): Promise<string> {
  try {
    await deps.store.createUser('admin')
  } catch (error) {
    if (!(error instanceof GatewayError && error.code === 'name_taken')) throw error
  }
  const everything = scopes.filter((scope) => scope !== 'agent')
  const issued = await issueKey(deps, {
    name: 'first',
    user: 'admin',
    scopes: everything,
    models: null,
    expiresAt: null,
  })
  return issued.secret
}
