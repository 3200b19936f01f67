import { resolve } from 'node:path'
import type { Command } from 'commander'
import { configTemplate } from '../config-template.ts'
import type { Terminal } from '../terminal.ts'
import { writeConfig } from '../write-config.ts'

export function init(command: Command, terminal: Terminal): void {
  command
    .option('--config <file>', 'where to write (default: corral.yaml)')
    .option('--force', 'replace a file that is there')
    .action(async (_options: unknown, self: Command) => {
      const { config = 'corral.yaml', force = false } = self.optsWithGlobals<{ config?: string; force?: boolean }>()
      const path = resolve(terminal.cwd, config)
      await writeConfig(path, configTemplate, { force })
      terminal.say(`Wrote ${path}; "corral config check" reads it, "corral serve" runs it`)
    })
}
