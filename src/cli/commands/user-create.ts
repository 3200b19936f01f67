import { Option, type Command } from 'commander'
import { createUserRoute } from '../../admin/users.ts'
import { roles, type Role } from '../../auth/role.ts'
import { withAdministration } from '../with-administration.ts'
import { addLimitOption, type LimitOptions } from '../limit-options.ts'
import { addStoreOptions, addTermsOptions, termsOf, type StoreOptions, type TermsOptions } from '../options.ts'
import { presentKey } from '../present-key.ts'
import type { Terminal } from '../terminal.ts'

interface UserCreateOptions extends StoreOptions, TermsOptions, LimitOptions {
  readonly role?: Role
}

export function userCreate(command: Command, terminal: Terminal): void {
  const named = command.argument('<name>', 'what the user is called')
  addStoreOptions(addLimitOption(addTermsOptions(named), 'all keys of the user together'))
    .addOption(
      new Option(
        '--role <role>',
        'admin: keys may have the scopes admin, metrics and agent (default: what --scope needs)',
      ).choices(roles),
    )
    .usage('<name> [options]')
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<UserCreateOptions>()
      const input = { name, role: options.role, limits: options.limit, ...termsOf(options) }
      const { key } = await withAdministration(terminal, options, (administration) =>
        administration.call(createUserRoute, { input }),
      )
      presentKey(terminal, key)
    })
}
