import type { Administration } from './administration.ts'
import { CommandFailure } from './command-failure.ts'
import { openLocalAdministration } from './local-administration.ts'
import type { StoreOptions } from './options.ts'
import { createRemoteAdministration } from './remote-administration.ts'
import { environmentValue, type Terminal } from './terminal.ts'

/** Opens the store of the config, or reaches for the gateway that `--server` names, and closes it after `use`. */
export async function withAdministration<T>(
  terminal: Terminal,
  options: StoreOptions,
  use: (administration: Administration) => Promise<T>,
): Promise<T> {
  const administration = await open(terminal, options)
  try {
    return await use(administration)
  } finally {
    await administration.close()
  }
}

async function open(terminal: Terminal, options: StoreOptions): Promise<Administration> {
  if (options.server === undefined) return openLocalAdministration(terminal, options)
  const key = options.key ?? environmentValue(terminal, 'CORRAL_KEY')
  if (key === undefined)
    throw new CommandFailure('--server needs --key, or CORRAL_KEY, with a key of the gateway', { exitCode: 2 })
  return createRemoteAdministration({ server: options.server, key })
}
