import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { Settings } from '../../config/settings.ts'
import { backupStore } from '../../store/backup.ts'
import { parseStoreUrl } from '../../store/store-url.ts'
import { contentsText } from '../contents-text.ts'
import { loadSettings } from '../load-settings.ts'
import { addConfigOption, type ConfigOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

interface BackupOptions extends ConfigOptions {
  readonly force?: boolean
}

export function backup(command: Command, terminal: Terminal): void {
  addConfigOption(command)
    .argument('<file>', 'where to write it')
    .option('--force', 'replace a file that is there')
    .action(async (file: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<BackupOptions>()
      const { store } = (await loadSettings(terminal, options)).settings
      const path = resolve(terminal.cwd, file)
      const storePath = parseStoreUrl(store.url, terminal.cwd)
      const { contents, bytes } = await backupStore({ storePath, file: path, force: options.force ?? false })
      terminal.print(`Wrote ${path}: ${contentsText(contents)}; ${bytes} bytes, checked`)
      terminal.say(`Not in it: ${secretText(store)}. Keep a copy elsewhere: without it no key of this backup is valid`)
    })
}

function secretText({ pepper }: Settings['store']): string {
  return pepper === null ? 'the secret beside the store, corral.secret' : 'the secret of store.pepper'
}
