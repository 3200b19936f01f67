import * as z from 'zod'
import { findUser, issueKey } from '../auth/issue-key.ts'
import type { KeyRecord } from '../auth/key-store.ts'
import { roleFor } from '../auth/role.ts'
import { adminRoute, type AdminContext } from './admin-route.ts'
import { viewOf } from './find-key.ts'
import {
  createdUserSchema,
  newUserSchema,
  shownUserSchema,
  userNameSchema,
  userSchema,
  type UserView,
} from './key-schemas.ts'
import { grantedTerms } from './key-terms.ts'
import { auditedTerms, keyViews, userView } from './key-view.ts'
import { limitsView, toLimits } from './limit-schemas.ts'

export const listUsersRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/users',
  scope: 'admin',
  summary: 'List the users',
  status: 200,
  input: null,
  output: z.array(userSchema),
  async handle({ store, clock }) {
    const [users, keys] = await Promise.all([store.listUsers(), store.listKeys()])
    return users.map((user) => userView(user, keys, clock.now()))
  },
})

export const showUserRoute = adminRoute({
  method: 'GET',
  pattern: '/admin/users/:id',
  scope: 'admin',
  summary: 'Show a user, given by name or id, with all keys',
  status: 200,
  input: null,
  output: shownUserSchema,
  async handle({ store, clock, params }) {
    const [users, keys] = await Promise.all([store.listUsers(), store.listKeys()])
    const user = findUser(users, params['id'] ?? '')
    const own = keys.filter((key) => key.userId === user.id)
    return { user: userView(user, own, clock.now()), keys: keyViews(own, users, clock.now()) }
  },
})

export const createUserRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/users',
  scope: 'admin',
  changes: true,
  summary: 'Create a user and a first key',
  status: 201,
  input: newUserSchema,
  output: createdUserSchema,
  async handle(context, { name, role: wantedRole, limits: words, ...wanted }) {
    const role = wantedRole ?? roleFor(wanted.scopes ?? [])
    const limits = toLimits(words)
    const terms = grantedTerms(context, { ...wanted, user: name }, limits)
    const keyName = freeKeyName(await context.store.listKeys(), name)
    const created = await context.store.createUser({ name, role, limits })
    const { record, secret } = await issueKey(context, { ...terms, name: keyName })
    const key = await viewOf(context, record)
    await context.audit('user.create', name, { role, limits: limitsView(limits), key: key.name })
    await context.audit('key.create', key.name, auditedTerms(key))
    return { user: userView(created, [record], context.clock.now()), key: { ...key, secret } }
  },
})

export const disableUserRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/users/disable',
  scope: 'admin',
  changes: true,
  summary: "End a user's keys and running streams until the user is enabled again",
  status: 200,
  input: userNameSchema,
  output: userSchema,
  handle: (context, { name }) => setDisabled(context, name, true),
})

export const enableUserRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/users/enable',
  scope: 'admin',
  changes: true,
  summary: "Let a disabled user's keys in again",
  status: 200,
  input: userNameSchema,
  output: userSchema,
  handle: (context, { name }) => setDisabled(context, name, false),
})

async function setDisabled(context: AdminContext, name: string, disabled: boolean): Promise<UserView> {
  await context.store.setUserDisabled(name, disabled)
  await context.audit(disabled ? 'user.disable' : 'user.enable', name, {})
  return currentView(context, name)
}

export async function currentView({ store, clock }: AdminContext, name: string): Promise<UserView> {
  return userView(findUser(await store.listUsers(), name), await store.listKeys(), clock.now())
}

/** Key names are unique for themselves: an earlier key may be called as the new user is. */
function freeKeyName(keys: readonly KeyRecord[], wanted: string): string {
  const taken = new Set(keys.filter((key) => key.revokedAt === null).map((key) => key.name))
  let name = wanted
  for (let number = 2; taken.has(name); number++) name = `${wanted.slice(0, 58)}-${number}`
  return name
}
