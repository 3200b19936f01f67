import * as z from 'zod'
import { invalid, issueKey } from '../auth/issue-key.ts'
import type { KeyRecord } from '../auth/key-store.ts'
import type { Principal } from '../auth/principal.ts'
import { defaultScopes } from '../auth/scope.ts'
import { adminRoute, type AdminContext } from './admin-route.ts'
import { asker, manager } from './asker.ts'
import { findKey, viewOf } from './find-key.ts'
import { rotate } from './key-changes.ts'
import {
  createdKeySchema,
  keySchema,
  ownKeySchema,
  rotationSchema,
  selfSchema,
  type OwnKeyInput,
  type TermsInput,
} from './key-schemas.ts'
import { checkStrength, grantedTerms } from './key-terms.ts'
import { auditedTerms, keyViews } from './key-view.ts'
import { limitsView, limitUsesView } from './limit-schemas.ts'

/** One person needs no more, and nobody shall fill the store. */
const MAX_OWN_KEYS = 100

export const showSelfRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/me',
  scope: 'self',
  summary: 'Say whose key this is and what it may do',
  status: 200,
  input: null,
  output: selfSchema,
  async handle(context) {
    const { principal, user } = await asker(context)
    const key = await findKey(context, principal.keyId)
    const { id, name, role, limits } = user
    return {
      user: { id, name, role, limits: limitsView(limits) },
      key: await viewOf(context, key),
      limits: limitUsesView(await context.limitUses(principal)),
    }
  },
})

export const listOwnKeysRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/me/keys',
  scope: 'self',
  summary: 'List the keys of the same user',
  status: 200,
  input: null,
  output: z.array(keySchema),
  async handle(context) {
    const { user } = await manager(context)
    const own = (await context.store.listKeys()).filter(({ userId }) => userId === user.id)
    return keyViews(own, [user], context.clock.now())
  },
})

export const createOwnKeyRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/me/keys',
  scope: 'self',
  changes: true,
  summary: 'Create another key of the same user; what is omitted is as with the key that asks',
  status: 201,
  input: ownKeySchema,
  output: createdKeySchema,
  async handle(context, input) {
    const { principal, user } = await manager(context)
    const terms = grantedTerms(context, ownTerms(principal, input), user.limits)
    const live = (await context.store.listKeys()).filter((key) => key.userId === user.id && key.revokedAt === null)
    if (live.length >= MAX_OWN_KEYS) throw invalid(`A user makes up to ${MAX_OWN_KEYS} keys: revoke some first`)
    const { record, secret } = await issueKey(context, { ...terms, name: input.name })
    const view = await viewOf(context, record)
    await context.audit('key.create', view.name, auditedTerms(view))
    return { ...view, secret }
  },
})

export const rotateOwnKeyRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/me/keys/rotate',
  scope: 'self',
  changes: true,
  summary: 'Give one of the own keys a new secret; the old one works until the overlap is over',
  status: 200,
  input: rotationSchema,
  output: createdKeySchema,
  handle: async (context, { key, overlap_seconds }) => rotate(context, await ownKey(context, key), overlap_seconds),
})

export const revokeOwnKeyRoute = adminRoute({
  method: 'DELETE',
  pattern: '/admin/me/keys/:id',
  scope: 'self',
  changes: true,
  summary: 'End one of the own keys, given by id or name, and its running streams',
  status: 200,
  input: null,
  output: keySchema,
  async handle(context) {
    const record = await ownKey(context, context.params['id'] ?? '')
    await checkStrength(context, record)
    const view = await viewOf(context, await context.store.revokeKey(record.id))
    await context.audit('key.revoke', view.name, { id: view.id, user: view.user })
    return view
  },
})

/** Somebody else's is as if it were not there. */
async function ownKey(context: AdminContext, nameOrId: string): Promise<KeyRecord> {
  const { user } = await manager(context)
  return findKey(context, nameOrId, (key) => key.userId === user.id)
}

function ownTerms(principal: Principal, input: OwnKeyInput): TermsInput {
  const { expires_in_seconds, expires_at } = input
  const ownEnd = principal.expiresAt == null ? null : new Date(principal.expiresAt).toISOString()
  return {
    user: principal.user,
    scopes: input.scopes ?? defaultScopes.filter((scope) => principal.scopes.has(scope)),
    models: input.models === undefined ? copyOf(principal.models) : input.models,
    upstreams: input.upstreams === undefined ? copyOf(principal.upstreams) : input.upstreams,
    expires_in_seconds,
    expires_at: expires_in_seconds === undefined && expires_at === undefined ? ownEnd : expires_at,
    class: input.class ?? principal.queue?.class,
    weight: input.weight ?? principal.queue?.weight,
    limits: input.limits === undefined ? limitsView(principal.limits) : input.limits,
  }
}

function copyOf(list: readonly string[] | null): string[] | null {
  return list && [...list]
}
