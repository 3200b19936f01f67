import type { Command } from 'commander'
import { createUserRoute } from '../../admin/users.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, addTermsOptions, termsOf, type StoreOptions, type TermsOptions } from '../options.ts'
import { presentKey } from '../present-key.ts'
import type { Terminal } from '../terminal.ts'

export function userCreate(command: Command, terminal: Terminal): void {
  addStoreOptions(addTermsOptions(command.argument('<name>', 'what the user is called')))
    .usage('<name> [options]')
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions & TermsOptions>()
      const input = { name, ...termsOf(options) }
      const { key } = await withAdministration(terminal, options, (administration) =>
        administration.call(createUserRoute, { input }),
      )
      presentKey(terminal, key)
    })
}
