import type { Command } from 'commander'
import { deleteUserRoute } from '../../admin/user-changes.ts'
import { findUserId } from '../keys/find-id.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, type StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

export function userDelete(command: Command, terminal: Terminal): void {
  addStoreOptions(command.argument('<name>', 'who goes for good')).action(
    async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions>()
      const user = await withAdministration(terminal, options, async (administration) => {
        const id = await findUserId(administration, name)
        return administration.call(deleteUserRoute, { params: { id } })
      })
      terminal.say(`The user "${user.name}" is deleted and all keys are revoked; the name is free again`)
    },
  )
}
