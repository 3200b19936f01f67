import { checkTerms, findUser, invalid } from '../auth/issue-key.ts'
import type { KeyRecord } from '../auth/key-store.ts'
import { rotateKey } from '../auth/rotate-key.ts'
import { adminRoute, type AdminContext } from './admin-route.ts'
import { findKey, viewOf } from './find-key.ts'
import { type CreatedKey, createdKeySchema, keyChangeSchema, keySchema, rotationSchema } from './key-schemas.ts'
import { changedTerms, checkGrant, checkStrength } from './key-terms.ts'
import { auditedTerms } from './key-view.ts'

export const changeKeyRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/keys/change',
  scope: 'admin',
  changes: true,
  summary: 'Change what a key may reach, how much, and until when; what is not named stays',
  status: 200,
  input: keyChangeSchema,
  output: keySchema,
  async handle(context, input) {
    const record = await findKey(context, input.key)
    if (record.revokedAt !== null) throw invalid(`The key "${record.name}" is revoked: make another one`)
    const terms = changedTerms(context, record, input)
    const wasExpiryNamed = terms.expiresAt !== record.expiresAt
    checkTerms({ ...record, ...terms, expiresAt: wasExpiryNamed ? terms.expiresAt : null }, context.clock.now())
    await checkStrength(context, record)
    const { limits: userLimits } = findUser(await context.store.listUsers(), record.userId)
    checkGrant(context, { ...record, ...terms, userLimits })
    const view = await viewOf(context, await context.store.changeKey(record.id, terms))
    await context.audit('key.change', view.name, auditedTerms(view))
    return view
  },
})

export const rotateKeyRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/keys/rotate',
  scope: 'admin',
  changes: true,
  summary: 'Give a key a new secret; the old one works until the overlap is over',
  status: 200,
  input: rotationSchema,
  output: createdKeySchema,
  handle: async (context, { key, overlap_seconds }) => rotate(context, await findKey(context, key), overlap_seconds),
})

/** Gives a key that was found a new secret, where the caller is strong enough for it. */
export async function rotate(context: AdminContext, record: KeyRecord, overlapSeconds: number): Promise<CreatedKey> {
  await checkStrength(context, record)
  const rotated = await rotateKey(context, record, overlapSeconds * 1000)
  const view = await viewOf(context, rotated.record)
  const { id, user, old_secret_until } = view
  await context.audit('key.rotate', view.name, { id, user, old_secret_until })
  return { ...view, secret: rotated.secret }
}
