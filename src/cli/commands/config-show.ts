import type { Command } from 'commander'
import type { LoadedConfig, SettingSource } from '../../config/settings.ts'
import { loadSettings } from '../load-settings.ts'
import { addConfigOption, type ConfigOptions } from '../options.ts'
import { renderTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'

export function configShow(command: Command, terminal: Terminal): void {
  addConfigOption(command)
    .option('--json', 'print a JSON array')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ConfigOptions & { json?: boolean }>()
      const config = await loadSettings(terminal, options)
      if (options.json) terminal.print(JSON.stringify(toItems(config), null, 2))
      else printTable(terminal, config)
    })
}

function toItems(config: LoadedConfig): object[] {
  return [...config.sources].map(([name, { value, source, detail }]) => ({ name, value, source, detail }))
}

function printTable(terminal: Terminal, config: LoadedConfig): void {
  terminal.say(config.file === null ? 'No config file' : `Config file ${config.file}`)
  const rows = [...config.sources].map(([name, setting]) => [name, shown(setting.value), origin(setting)])
  const isDefault = rows.map(([, , from]) => from === 'default')
  for (const line of renderTable(rows, (text, { row }) =>
    isDefault[row] ? terminal.style('dim', text, 'stdout') : text,
  )) {
    terminal.print(line)
  }
}

function origin({ source, detail }: SettingSource): string {
  return source === 'default' ? 'default' : `${source} ${detail}`
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
