import { findUser } from '../auth/issue-key.ts'
import type { UserRecord } from '../auth/key-store.ts'
import type { Principal } from '../auth/principal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { AdminContext } from './admin-route.ts'

type AskerContext = Pick<AdminContext, 'principal' | 'store'>

export interface Asker {
  readonly principal: Principal
  readonly user: UserRecord
}

/** The user who asks. */
export async function asker({ principal, store }: AskerContext): Promise<Asker> {
  if (principal === 'operator' || principal.userId === undefined)
    throw new GatewayError('missing_scope', { message: 'Only a user of the store has anything of its own here' })
  return { principal, user: findUser(await store.listUsers(), principal.userId) }
}

/** What opens the tunnel or the metrics lies about on other machines, and opens nothing else. */
export async function manager(context: AskerContext): Promise<Asker> {
  const who = await asker(context)
  const isOfSomebody = [...who.principal.scopes].some((scope) => scope !== 'agent' && scope !== 'metrics')
  if (isOfSomebody) return who
  throw new GatewayError('missing_scope', { message: 'A key of an agent, or for metrics, is for nothing else' })
}
