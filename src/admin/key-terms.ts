import { mayGrant } from '../auth/granting.ts'
import type { KeyTerms } from '../auth/issue-key.ts'
import { PLAIN_SHARE } from '../auth/principal.ts'
import { defaultScopes } from '../auth/scope.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { defaultPool } from '../lib/default-pool.ts'
import type { AdminContext } from './admin-route.ts'
import type { TermsInput } from './schemas.ts'

/** Whose key it is when nobody says; made on first use, so that one command is enough. */
export const defaultUser = 'admin'

/** What the input asks for, once the caller has been found strong enough to give it. */
export function grantedTerms(context: AdminContext, input: TermsInput): KeyTerms {
  const seconds = input.expires_in_seconds ?? null
  const scopes = input.scopes ?? defaultScopes
  const terms = {
    user: input.user ?? defaultUser,
    scopes,
    models: input.models ?? null,
    upstreams: input.upstreams ?? null,
    pools: input.pools ?? (scopes.includes('agent') ? [defaultPool] : null),
    queue: { class: input.class ?? PLAIN_SHARE.class, weight: input.weight ?? PLAIN_SHARE.weight },
    expiresAt: seconds === null ? null : context.clock.now() + seconds * 1000,
  }
  const judgement = mayGrant(context.principal, terms)
  if (judgement.kind === 'denied') throw judgement.error
  checkPools(context, terms.pools ?? [])
  return terms
}

function checkPools(context: AdminContext, wanted: readonly string[]): void {
  const known = context.pools()
  const unknown = wanted.find((pool) => !known.includes(pool))
  if (unknown === undefined) return
  const message = `The config has no pool ${JSON.stringify(unknown)} under agents.pools; it has ${known.join(', ')}`
  throw new GatewayError('invalid_input', { message })
}

export async function ensureDefaultUser({ store }: AdminContext, input: TermsInput): Promise<void> {
  if (input.user !== undefined && input.user !== defaultUser) return
  const users = await store.listUsers()
  if (!users.some((user) => user.name === defaultUser)) await store.createUser(defaultUser)
}
