import type { Command } from 'commander'
import { enableUpstreamRoute } from '../../admin/upstream-operations.ts'
import type { Terminal } from '../terminal.ts'
import { defineUpstreamCommand } from '../upstream-command.ts'

export function upstreamEnable(command: Command, terminal: Terminal): void {
  defineUpstreamCommand(command, terminal, {
    subject: 'what was drained or disabled',
    route: enableUpstreamRoute,
    told: ({ name, state }) => `Upstream "${name}" is used again; it is ${state}`,
  })
}
