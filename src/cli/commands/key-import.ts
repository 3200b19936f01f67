import type { Command } from 'commander'
import { importKeysRoute } from '../../admin/keys.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, addTermsOptions, termsOf, type StoreOptions, type TermsOptions } from '../options.ts'
import { readInput } from '../read-input.ts'
import type { Terminal } from '../terminal.ts'

interface ImportOptions extends StoreOptions, TermsOptions {
  readonly user: string
}

export function keyImport(command: Command, terminal: Terminal): void {
  addStoreOptions(
    addTermsOptions(command.argument('<file>', 'authTokens.json, or one OLLAMA-UUID key per line; - for stdin')),
  )
    .option('--user <name>', 'whose keys they become', 'admin')
    .usage('<file> [options]')
    .action(async (file: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ImportOptions>()
      const input = { text: await readInput(terminal, file), user: options.user, ...termsOf(options) }
      const result = await withAdministration(terminal, options, (administration) =>
        administration.call(importKeysRoute, { input }),
      )
      for (const key of result.imported) terminal.print(key.id)
      terminal.say(`Keys imported: ${result.imported.length}; there already: ${result.known}`)
    })
}
