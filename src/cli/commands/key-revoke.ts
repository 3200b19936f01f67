import type { Command } from 'commander'
import { revokeKeyRoute } from '../../admin/keys.ts'
import { findKeyId } from '../keys/find-id.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, type StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

export function keyRevoke(command: Command, terminal: Terminal): void {
  addStoreOptions(command.argument('<key>', 'its name or its id')).action(
    async (nameOrId: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions>()
      const key = await withAdministration(terminal, options, async (administration) => {
        const id = await findKeyId(administration, nameOrId)
        return administration.call(revokeKeyRoute, { params: { id } })
      })
      terminal.say(`Key "${key.name}" (${key.id}) of user "${key.user}" is revoked`)
    },
  )
}
