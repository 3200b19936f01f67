import { GatewayError } from '../errors/gateway-error.ts'
import type { KeyRecord } from '../auth/key-store.ts'
import type { AdminContext } from './admin-route.ts'
import type { KeyView } from './key-schemas.ts'
import { keyView } from './key-view.ts'

/** An id goes before a name that looks like it; a name is one of a key that is not revoked. */
export async function findKey(
  { store }: Pick<AdminContext, 'store'>,
  nameOrId: string,
  among: (key: KeyRecord) => boolean = () => true,
): Promise<KeyRecord> {
  const keys = (await store.listKeys()).filter(among)
  const named = keys.find((key) => key.name === nameOrId && key.revokedAt === null)
  const found = keys.find((key) => key.id === nameOrId) ?? named
  if (found !== undefined) return found
  throw new GatewayError('not_found', { message: `There is no key ${JSON.stringify(nameOrId)}` })
}

export async function findKeyView(context: AdminContext, nameOrId: string): Promise<KeyView> {
  return viewOf(context, await findKey(context, nameOrId))
}

export async function viewOf({ store, clock }: AdminContext, record: KeyRecord): Promise<KeyView> {
  const user = (await store.listUsers()).find(({ id }) => id === record.userId)
  return keyView(record, { now: clock.now(), user })
}
