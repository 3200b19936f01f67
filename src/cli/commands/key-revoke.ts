import type { Command } from 'commander'
import { listKeysRoute, revokeKeyRoute } from '../../admin/keys.ts'
import type { Administration } from '../administration.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, type StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

export function keyRevoke(command: Command, terminal: Terminal): void {
  addStoreOptions(command.argument('<key>', 'its name or its id')).action(
    async (nameOrId: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions>()
      const key = await withAdministration(terminal, options, async (administration) => {
        const id = await findId(administration, nameOrId)
        return administration.call(revokeKeyRoute, { params: { id } })
      })
      terminal.say(`Key "${key.name}" (${key.id}) of user "${key.user}" is revoked`)
    },
  )
}

/** A path carries ids; a name may hold letters that no path can. */
async function findId(administration: Administration, nameOrId: string): Promise<string> {
  const keys = await administration.call(listKeysRoute)
  const named = keys.find((key) => key.name === nameOrId && key.state !== 'revoked')
  return keys.some((key) => key.id === nameOrId) ? nameOrId : (named?.id ?? nameOrId)
}
