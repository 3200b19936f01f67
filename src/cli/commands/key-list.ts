import type { Command } from 'commander'
import type { KeyView } from '../../admin/key-schemas.ts'
import { isPlainShare } from '../../auth/principal.ts'
import { withKeyDesk } from '../keys/key-desk.ts'
import { addKeyDeskOptions, type StoreOptions } from '../options.ts'
import { localTime, printList } from '../print-list.ts'
import { queueText } from '../present-key.ts'
import type { Terminal } from '../terminal.ts'

export function keyList(command: Command, terminal: Terminal): void {
  addKeyDeskOptions(command)
    .option('--json', 'print a JSON array')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions & { json?: boolean }>()
      const keys = await withKeyDesk(terminal, options, (desk) => desk.list())
      printList(terminal, keys, {
        json: options.json ?? false,
        columns: {
          ID: (key) => key.id,
          NAME: (key) => key.name,
          USER: (key) => key.user,
          SCOPES: (key) => key.scopes.join(' ') + (key.pools === null ? '' : ` in ${key.pools.join(' ')}`),
          MODELS: (key) => (key.pools === null ? (key.models?.join(' ') ?? 'local') : '-'),
          ...(keys.every(isPlainShare) ? {} : { QUEUE: (key: KeyView) => (isPlainShare(key) ? '' : queueText(key)) }),
          CREATED: (key) => localTime(key.created_at),
          EXPIRES: (key) => localTime(key.expires_at),
          'LAST USED': (key) => localTime(key.last_used_at),
          STATE: (key) => key.state,
          HINT: (key) => (key.hint === '' ? '' : `...${key.hint}`),
        },
        empty: 'There are no keys yet; "corral key create NAME" makes one',
      })
    })
}
