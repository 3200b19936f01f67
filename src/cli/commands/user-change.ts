import { Option, type Command } from 'commander'
import { changeUserRoute } from '../../admin/user-changes.ts'
import { roles, type Role } from '../../auth/role.ts'
import { CommandFailure } from '../command-failure.ts'
import { addLimitChangeOption, type LimitChangeOptions } from '../limit-options.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, type StoreOptions } from '../options.ts'
import { limitsText } from '../present-key.ts'
import type { Terminal } from '../terminal.ts'

interface UserChangeOptions extends StoreOptions, LimitChangeOptions {
  readonly role?: Role
}

export function userChange(command: Command, terminal: Terminal): void {
  const named = command.argument('<name>', 'what the user is called')
  addStoreOptions(addLimitChangeOption(named, 'all keys of the user together'))
    .addOption(new Option('--role <role>', 'keys of a member lose the scopes admin, metrics and agent').choices(roles))
    .usage('<name> [options]')
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<UserChangeOptions>()
      const { role, limit: limits } = options
      if (role === undefined && limits === undefined)
        throw new CommandFailure('Say what is to change: --role, --limit', { exitCode: 2 })
      const user = await withAdministration(terminal, options, (administration) =>
        administration.call(changeUserRoute, { input: { name, role, limits } }),
      )
      const limited = limitsText(user.limits)
      terminal.say(
        `The user "${name}" is ${user.role === 'admin' ? 'an admin' : 'a member'}, ${limited || 'no limits'}`,
      )
    })
}
