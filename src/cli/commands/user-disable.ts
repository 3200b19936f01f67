import type { Command } from 'commander'
import { disableUserRoute } from '../../admin/users.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, type StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

export function userDisable(command: Command, terminal: Terminal): void {
  addStoreOptions(command.argument('<name>', 'whom to shut out')).action(
    async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions>()
      await withAdministration(terminal, options, (administration) =>
        administration.call(disableUserRoute, { input: { name } }),
      )
      terminal.say(`The user "${name}" is disabled: none of their keys opens anything until "corral user enable"`)
    },
  )
}
