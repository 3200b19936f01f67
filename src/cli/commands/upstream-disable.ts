import type { Command } from 'commander'
import { disableUpstreamRoute } from '../../admin/upstream-operations.ts'
import type { Terminal } from '../terminal.ts'
import { defineUpstreamCommand } from '../upstream-command.ts'

export function upstreamDisable(command: Command, terminal: Terminal): void {
  defineUpstreamCommand(command, terminal, {
    subject: 'what to use no more',
    route: disableUpstreamRoute,
    told: ({ name }) => `Upstream "${name}" is disabled until "corral upstream enable ${name}"`,
  })
}
