import type { Command } from 'commander'
import { removeUpstreamRoute } from '../../admin/upstream-operations.ts'
import type { Terminal } from '../terminal.ts'
import { defineUpstreamCommand } from '../upstream-command.ts'

export function upstreamRemove(command: Command, terminal: Terminal): void {
  defineUpstreamCommand(command, terminal, {
    subject: 'one that was added',
    route: removeUpstreamRoute,
    told: ({ name, running }) =>
      `Upstream "${name}" is removed${running === 0 ? '' : `; what runs there, ${running}, comes to its end`}`,
  })
}
