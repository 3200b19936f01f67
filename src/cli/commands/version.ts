import type { Command } from 'commander'
import { version } from '../../lib/version.ts'
import type { Terminal } from '../terminal.ts'

export function printVersion(command: Command, terminal: Terminal): void {
  command.action(() => terminal.print(`corral ${version}`))
}
