import type { Command } from 'commander'
import { importKeysRoute } from '../../admin/keys.ts'
import { addLimitOption, type LimitOptions } from '../limit-options.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, addTermsOptions, termsOf, type StoreOptions, type TermsOptions } from '../options.ts'
import { readInput } from '../read-input.ts'
import type { Terminal } from '../terminal.ts'

interface ImportOptions extends StoreOptions, TermsOptions, LimitOptions {
  readonly user: string
}

export function keyImport(command: Command, terminal: Terminal): void {
  const given = command.argument('<file>', 'authTokens.json, or one OLLAMA-UUID key per line; - for stdin')
  addStoreOptions(addLimitOption(addTermsOptions(given), 'each of these keys'))
    .option('--user <name>', 'whose keys they become', 'admin')
    .usage('<file> [options]')
    .action(async (file: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ImportOptions>()
      const { user, limit: limits } = options
      const input = { text: await readInput(terminal, file), user, limits, ...termsOf(options) }
      const result = await withAdministration(terminal, options, (administration) =>
        administration.call(importKeysRoute, { input }),
      )
      for (const key of result.imported) terminal.print(key.id)
      terminal.say(`Keys imported: ${result.imported.length}; there already: ${result.known}`)
    })
}
