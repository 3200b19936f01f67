import { mayLimit } from '../auth/granting.ts'
import { findUser } from '../auth/issue-key.ts'
import type { UserRecord } from '../auth/key-store.ts'
import { allowedScopes, type Role } from '../auth/role.ts'
import { adminRoute, type AdminContext } from './admin-route.ts'
import { userChangeSchema, userSchema } from './key-schemas.ts'
import { userView } from './key-view.ts'
import { changedLimits, limitsView } from './limit-schemas.ts'
import { currentView } from './users.ts'

export const changeUserRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/users/change',
  scope: 'admin',
  changes: true,
  summary: "Change a user's role or limits; what is not named stays",
  status: 200,
  input: userChangeSchema,
  output: userSchema,
  async handle(context, { name, role, limits: changes }) {
    const user = findUser(await context.store.listUsers(), name)
    const limits = changedLimits(user.limits, changes)
    if (changes !== undefined) checkLimits(context, limits)
    await context.store.changeUser(user.id, { role: role ?? user.role, limits })
    const narrowed = await narrowKeys(context, user, role ?? user.role)
    await context.audit('user.change', user.name, {
      role: role ?? user.role,
      limits: limitsView(limits),
      ...(narrowed.length > 0 && { narrowed_keys: narrowed }),
    })
    return currentView(context, user.name)
  },
})

export const deleteUserRoute = adminRoute({
  method: 'DELETE',
  pattern: '/admin/users/:id',
  scope: 'admin',
  changes: true,
  summary: 'Delete a user, given by name or id: the keys and running streams end, and the name is free again',
  status: 200,
  input: null,
  output: userSchema,
  async handle(context) {
    const { store, clock, params } = context
    const user = findUser(await store.listUsers(), params['id'] ?? '')
    const keys = (await store.listKeys()).filter((key) => key.userId === user.id && key.revokedAt === null)
    await store.deleteUser(user.id)
    await context.audit('user.delete', user.name, { id: user.id, revoked_keys: keys.map(({ name }) => name) })
    return { ...userView(user, [], clock.now()), state: 'disabled' as const }
  },
})

function checkLimits({ principal }: AdminContext, limits: UserRecord['limits']): void {
  const judgement = mayLimit(principal, limits ?? {})
  if (judgement.kind === 'denied') throw judgement.error
}

/** The names of keys that had more than the role allows. One that is left with nothing is revoked. */
async function narrowKeys({ store }: AdminContext, user: UserRecord, role: Role): Promise<string[]> {
  const narrowed: string[] = []
  for (const key of await store.listKeys()) {
    const scopes = allowedScopes(role, key.scopes)
    if (key.userId !== user.id || key.revokedAt !== null || scopes.length === key.scopes.length) continue
    if (scopes.length === 0) await store.revokeKey(key.id)
    else await store.changeKey(key.id, { scopes })
    narrowed.push(key.name)
  }
  return narrowed
}
