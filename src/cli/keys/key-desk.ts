import { rotateKeyRoute } from '../../admin/key-changes.ts'
import type { CreatedKey, KeyView, TermsInput } from '../../admin/key-schemas.ts'
import { createKeyRoute, listKeysRoute, revokeKeyRoute } from '../../admin/keys.ts'
import {
  createOwnKeyRoute,
  listOwnKeysRoute,
  revokeOwnKeyRoute,
  rotateOwnKeyRoute,
  showSelfRoute,
} from '../../admin/own-things.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { Administration } from '../administration.ts'
import { CommandFailure } from '../command-failure.ts'
import type { StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'
import { withAdministration } from '../with-administration.ts'
import { keyIdAmong } from './find-id.ts'

export interface NewKey extends TermsInput {
  readonly name: string
  readonly format?: 'crl' | 'ollama-uuid' | undefined
}

/** Where keys are managed: everybody's, or those of the user who asks. */
export interface KeyDesk {
  list(): Promise<KeyView[]>
  create(key: NewKey): Promise<CreatedKey>
  rotate(key: { readonly key: string; readonly overlap_seconds: number }): Promise<CreatedKey>
  revoke(nameOrId: string): Promise<KeyView>
}

/** Whoever has the store at hand manages all keys; of a running gateway its key says which. */
export async function withKeyDesk<T>(
  terminal: Terminal,
  options: StoreOptions,
  use: (desk: KeyDesk) => Promise<T>,
): Promise<T> {
  return withAdministration(terminal, options, async (administration) => {
    const owner = options.server === undefined ? null : await ownerOf(administration)
    return use(owner === null ? deskOfAll(administration) : deskOfOwn(administration, owner))
  })
}

/** Null where the key may manage all keys, or is of nobody in the store: then the gateway says what it may not. */
async function ownerOf(administration: Administration): Promise<string | null> {
  try {
    const { user, key } = await administration.call(showSelfRoute)
    return key.scopes.includes('admin') ? null : user.name
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'missing_scope') return null
    throw error
  }
}

function deskOfAll(administration: Administration): KeyDesk {
  const list: KeyDesk['list'] = () => administration.call(listKeysRoute)
  return {
    list,
    create: (input) => administration.call(createKeyRoute, { input }),
    rotate: (input) => administration.call(rotateKeyRoute, { input }),
    revoke: async (nameOrId) =>
      administration.call(revokeKeyRoute, { params: { id: keyIdAmong(await list(), nameOrId) } }),
  }
}

function deskOfOwn(administration: Administration, owner: string): KeyDesk {
  const list: KeyDesk['list'] = () => administration.call(listOwnKeysRoute)
  return {
    list,
    create({ user = owner, format, pools, ...input }) {
      if (user !== owner)
        throw new CommandFailure(
          `This key makes keys of its own user "${owner}": one for "${user}" takes an admin's key`,
        )
      if (format !== undefined || pools != null || input.scopes?.includes('agent') === true)
        throw new CommandFailure("--format, --agent and --pool take an admin's key: this one makes plain keys")
      return administration.call(createOwnKeyRoute, { input })
    },
    rotate: (input) => administration.call(rotateOwnKeyRoute, { input }),
    revoke: async (nameOrId) =>
      administration.call(revokeOwnKeyRoute, { params: { id: keyIdAmong(await list(), nameOrId) } }),
  }
}
