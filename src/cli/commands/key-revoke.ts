import type { Command } from 'commander'
import { withKeyDesk } from '../keys/key-desk.ts'
import { addKeyDeskOptions, type StoreOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

export function keyRevoke(command: Command, terminal: Terminal): void {
  addKeyDeskOptions(command.argument('<key>', 'its name or its id')).action(
    async (nameOrId: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions>()
      const key = await withKeyDesk(terminal, options, (desk) => desk.revoke(nameOrId))
      terminal.say(`Key "${key.name}" (${key.id}) of user "${key.user}" is revoked`)
    },
  )
}
