import type { Command } from 'commander'
import { listUsersRoute } from '../../admin/users.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, type StoreOptions } from '../options.ts'
import { localTime, printList } from '../print-list.ts'
import type { Terminal } from '../terminal.ts'

export function userList(command: Command, terminal: Terminal): void {
  addStoreOptions(command)
    .option('--json', 'print a JSON array')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions & { json?: boolean }>()
      const users = await withAdministration(terminal, options, (administration) => administration.call(listUsersRoute))
      printList(terminal, users, {
        json: options.json ?? false,
        columns: {
          NAME: (user) => user.name,
          ROLE: (user) => user.role,
          STATE: (user) => user.state,
          KEYS: (user) => String(user.active_keys),
          CREATED: (user) => localTime(user.created_at),
          'LAST USED': (user) => localTime(user.last_used_at),
        },
        empty: 'There are no users yet; "corral user create NAME" makes one',
      })
    })
}
