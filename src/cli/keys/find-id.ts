import { listKeysRoute } from '../../admin/keys.ts'
import type { KeyView } from '../../admin/key-schemas.ts'
import { listUsersRoute } from '../../admin/users.ts'
import type { Administration } from '../administration.ts'

/** A path carries ids; a name may hold letters that no path can. */
export async function findKeyId(administration: Administration, nameOrId: string): Promise<string> {
  return keyIdAmong(await administration.call(listKeysRoute), nameOrId)
}

export function keyIdAmong(keys: readonly KeyView[], nameOrId: string): string {
  const named = keys.find((key) => key.name === nameOrId && key.state !== 'revoked')
  return keys.some((key) => key.id === nameOrId) ? nameOrId : (named?.id ?? nameOrId)
}

export async function findUserId(administration: Administration, nameOrId: string): Promise<string> {
  const users = await administration.call(listUsersRoute)
  return users.find((user) => user.name === nameOrId)?.id ?? nameOrId
}
