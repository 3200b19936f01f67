import { Option, type Command } from 'commander'
import { changeKeyRoute } from '../../admin/key-changes.ts'
import { MAX_WEIGHT, queueClasses } from '../../auth/principal.ts'
import { CommandFailure } from '../command-failure.ts'
import { type Expiry, parseChangedExpiry } from '../expiry-option.ts'
import { addLimitChangeOption, type LimitChangeOptions } from '../limit-options.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, parseWeight, termsOf, type StoreOptions, type TermsOptions } from '../options.ts'
import { describeKey } from '../present-key.ts'
import type { Terminal } from '../terminal.ts'

interface KeyChangeOptions extends StoreOptions, Omit<TermsOptions, 'scope'>, LimitChangeOptions {
  readonly expires?: Expiry
}

export function keyChange(command: Command, terminal: Terminal): void {
  addStoreOptions(addLimitChangeOption(command.argument('<key>', 'its name or its id'), 'this key'))
    .option('--model <glob...>', "models it may use from now on; '*' is every local one")
    .option('--upstream <name...>', "upstreams it may reach from now on; '*' is all")
    .option('--expires <time>', 'when it ends: a duration from now, a day, or never', parseChangedExpiry)
    .addOption(new Option('--class <class>', 'how it waits for an upstream').choices(queueClasses))
    .option('--weight <number>', `its share while several wait, up to ${MAX_WEIGHT}`, parseWeight)
    .usage('<key> [options]')
    .action(async (nameOrId: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<KeyChangeOptions>()
      const { limit: limits, upstream } = options
      const change = {
        ...termsOf(options),
        ...(upstream?.includes('*') && { upstreams: null }),
        ...(limits && { limits }),
      }
      if (Object.keys(change).length === 0)
        throw new CommandFailure('Say what is to change: see --help', { exitCode: 2 })
      const key = await withAdministration(terminal, options, (administration) =>
        administration.call(changeKeyRoute, { input: { key: nameOrId, ...change } }),
      )
      terminal.say(describeKey(key))
    })
}
