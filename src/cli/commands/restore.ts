import { basename, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Settings } from '../../config/settings.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import { openStore } from '../../store/open-store.ts'
import { loadPepper } from '../../store/pepper.ts'
import { restoreStore } from '../../store/restore.ts'
import { parseStoreUrl } from '../../store/store-url.ts'
import { contentsText } from '../contents-text.ts'
import { loadSettings } from '../load-settings.ts'
import { addConfigOption, type ConfigOptions } from '../options.ts'
import type { Terminal } from '../terminal.ts'

interface RestoreOptions extends ConfigOptions {
  readonly store?: string
  readonly force?: boolean
}

export function restore(command: Command, terminal: Terminal): void {
  addConfigOption(command)
    .argument('<file>', 'what "corral backup" has written')
    .option('--store <url>', 'restore to this store, sqlite:PATH (default: that of the config)')
    .option('--force', 'replace the store that an earlier restore has kept')
    .action(async (file: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<RestoreOptions>()
      const { store } = (await loadSettings(terminal, options)).settings
      const url = options.store ?? store.url
      const storePath = parseStoreUrl(url, terminal.cwd)
      const path = resolve(terminal.cwd, file)
      const { contents, backupSchema, kept } = await restoreStore({
        storePath,
        file: path,
        force: options.force ?? false,
      })
      terminal.print(`Restored ${storePath} from ${path}: ${contentsText(contents)}`)
      if (backupSchema < contents.schema)
        terminal.say(`The backup was of schema ${backupSchema}; it was brought up to date`)
      if (kept !== null) terminal.say(`The store that was there is now ${kept}`)
      terminal.say('Keys that were revoked after the backup was made are valid again: "corral key list" shows them')
      await followUp(terminal, { ...store, url }, path)
    })
}

/** The audit log tells of it, and a secret that does not fit is said now: at the next start nobody may be looking. */
async function followUp(terminal: Terminal, { url, pepper }: Settings['store'], file: string): Promise<void> {
  const store = await openStore(url, { cwd: terminal.cwd })
  try {
    await store.change((tables) =>
      tables.writeAudit({ actor: null, action: 'store.restore', subject: basename(file), detail: {} }),
    )
    await loadPepper({ storeUrl: url, store, pepper: pepper ?? undefined, cwd: terminal.cwd })
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    terminal.say(`corral: ${error.message}`)
  } finally {
    await store.close()
  }
}
