import type { Command } from 'commander'
import { wakeUpstreamRoute } from '../../admin/upstream-operations.ts'
import type { Terminal } from '../terminal.ts'
import { defineUpstreamCommand } from '../upstream-command.ts'

export function upstreamWake(command: Command, terminal: Terminal): void {
  defineUpstreamCommand(command, terminal, {
    subject: 'what to wake',
    route: wakeUpstreamRoute,
    told: ({ name, state }) =>
      state === 'up' ? `Upstream "${name}" is awake` : `Upstream "${name}" was sent for; "corral status" shows it come`,
  })
}
