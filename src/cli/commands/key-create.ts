import { Option, type Command } from 'commander'
import { createKeyRoute } from '../../admin/keys.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, addTermsOptions, termsOf, type StoreOptions, type TermsOptions } from '../options.ts'
import { presentKey } from '../present-key.ts'
import type { Terminal } from '../terminal.ts'

interface KeyCreateOptions extends StoreOptions, TermsOptions {
  readonly user?: string
  readonly format: 'crl' | 'ollama-uuid'
}

export function keyCreate(command: Command, terminal: Terminal): void {
  addStoreOptions(
    addTermsOptions(
      command.argument('<name>', 'what the key is called').option('--user <name>', 'whose key it is', 'admin'),
    ),
  )
    .addOption(new Option('--format <format>', 'shape of the key').choices(['crl', 'ollama-uuid']).default('crl'))
    .usage('<name> [options]')
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<KeyCreateOptions>()
      const input = { name, user: options.user, format: options.format, ...termsOf(options) }
      const key = await withAdministration(terminal, options, (administration) =>
        administration.call(createKeyRoute, { input }),
      )
      presentKey(terminal, key)
    })
}
