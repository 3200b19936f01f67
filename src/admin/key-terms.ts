import { mayGrant } from '../auth/granting.ts'
import type { KeyTerms } from '../auth/issue-key.ts'
import { defaultScopes } from '../auth/scope.ts'
import type { AdminContext } from './admin-route.ts'
import type { TermsInput } from './schemas.ts'

/** Whose key it is when nobody says; made on first use, so that one command is enough. */
export const defaultUser = 'admin'

/** What the input asks for, once the caller has been found strong enough to give it. */
export function grantedTerms(context: AdminContext, input: TermsInput): KeyTerms {
  const seconds = input.expires_in_seconds ?? null
  const terms = {
    user: input.user ?? defaultUser,
    scopes: input.scopes ?? defaultScopes,
    models: input.models ?? null,
    upstreams: input.upstreams ?? null,
    expiresAt: seconds === null ? null : context.clock.now() + seconds * 1000,
  }
  const judgement = mayGrant(context.principal, terms)
  if (judgement.kind === 'denied') throw judgement.error
  return terms
}

export async function ensureDefaultUser({ store }: AdminContext, input: TermsInput): Promise<void> {
  if (input.user !== undefined && input.user !== defaultUser) return
  const users = await store.listUsers()
  if (!users.some((user) => user.name === defaultUser)) await store.createUser(defaultUser)
}
