import type { Command } from 'commander'
import { loadSettings } from '../load-settings.ts'
import { addConfigOption, type ConfigOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

export function configCheck(command: Command, terminal: Terminal): void {
  addConfigOption(command).action(async (_options: unknown, self: Command) => {
    const config = await loadSettings(terminal, self.optsWithGlobals<ConfigOptions>())
    for (const warning of config.warnings) terminal.say(`Warning: ${warning}`)
    terminal.print(
      config.file === null
        ? 'There is no config file; the defaults and the environment are fine'
        : `${config.file} is fine`,
    )
  })
}
