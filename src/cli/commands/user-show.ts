import type { Command } from 'commander'
import type { KeyView, UserView } from '../../admin/key-schemas.ts'
import { showUserRoute } from '../../admin/users.ts'
import { findUserId } from '../keys/find-id.ts'
import { printFacts } from '../keys/print-facts.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, type StoreOptions } from '../options.ts'
import { limitsText } from '../present-key.ts'
import { localTime } from '../print-list.ts'
import type { Terminal } from '../terminal.ts'

export function userShow(command: Command, terminal: Terminal): void {
  addStoreOptions(command.argument('<name>', 'what the user is called'))
    .option('--json', 'print a JSON object')
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions & { json?: boolean }>()
      const shown = await withAdministration(terminal, options, async (administration) => {
        const id = await findUserId(administration, name)
        return administration.call(showUserRoute, { params: { id } })
      })
      if (options.json === true) terminal.print(JSON.stringify(shown, null, 2))
      else printFacts(terminal, factsOf(shown.user, shown.keys))
    })
}

function factsOf(user: UserView, keys: readonly KeyView[]): Readonly<Record<string, string>> {
  const live = keys.filter(({ state }) => state === 'active').map(({ name }) => name)
  return {
    name: user.name,
    id: user.id,
    role: user.role,
    state: user.state,
    limits: limitsText(user.limits) || 'none of all keys together',
    keys: live.length === 0 ? 'none that is active' : live.join(', '),
    created: localTime(user.created_at),
    'last used': localTime(user.last_used_at),
  }
}
