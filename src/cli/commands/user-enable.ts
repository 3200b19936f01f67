import type { Command } from 'commander'
import { enableUserRoute } from '../../admin/users.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, type StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

export function userEnable(command: Command, terminal: Terminal): void {
  addStoreOptions(command.argument('<name>', 'whom to let in again')).action(
    async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions>()
      const user = await withAdministration(terminal, options, (administration) =>
        administration.call(enableUserRoute, { input: { name } }),
      )
      terminal.say(`The user "${name}" is enabled; active keys: ${user.active_keys}`)
    },
  )
}
