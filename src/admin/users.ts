import * as z from 'zod'
import { issueKey } from '../auth/issue-key.ts'
import type { KeyRecord, UserRecord } from '../auth/key-store.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { adminRoute, type AdminContext } from './admin-route.ts'
import { grantedTerms } from './key-terms.ts'
import { keyView, userView } from './key-view.ts'
import { createdUserSchema, newUserSchema, userNameSchema, userSchema, type UserView } from './schemas.ts'

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

export const createUserRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/users',
  scope: 'admin',
  summary: 'Create a user and a first key',
  status: 201,
  input: newUserSchema,
  output: createdUserSchema,
  async handle(context, input) {
    const terms = grantedTerms(context, { ...input, user: input.name })
    const keys = await context.store.listKeys()
    const created = await context.store.createUser(input.name)
    const issued = await issueKey(context, { ...terms, name: freeKeyName(keys, input.name) })
    await context.changed()
    const now = context.clock.now()
    return {
      user: userView(created, [issued.record], now),
      key: { ...keyView(issued.record, { now, userDisabled: false }), secret: issued.secret },
    }
  },
})

export const disableUserRoute = adminRoute({
  method: 'POST',
  pattern: '/admin/users/disable',
  scope: 'admin',
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
  summary: "Let a disabled user's keys in again",
  status: 200,
  input: userNameSchema,
  output: userSchema,
  handle: (context, { name }) => setDisabled(context, name, false),
})

async function setDisabled(context: AdminContext, name: string, disabled: boolean): Promise<UserView> {
  await context.store.setUserDisabled(name, disabled)
  await context.changed()
  const [users, keys] = await Promise.all([context.store.listUsers(), context.store.listKeys()])
  return userView(findUser(users, name), keys, context.clock.now())
}

function findUser(users: readonly UserRecord[], name: string): UserRecord {
  const user = users.find((candidate) => candidate.name === name)
  if (user === undefined) throw new GatewayError('not_found', { message: `There is no user ${JSON.stringify(name)}` })
  return user
}

/** Key names are unique for themselves: an earlier key may be called as the new user is. */
function freeKeyName(keys: readonly KeyRecord[], wanted: string): string {
  const taken = new Set(keys.filter((key) => key.revokedAt === null).map((key) => key.name))
  let name = wanted
  for (let number = 2; taken.has(name); number++) name = `${wanted.slice(0, 58)}-${number}`
  return name
}
