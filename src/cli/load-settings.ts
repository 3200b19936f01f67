import { loadConfig } from '../config/load.ts'
import type { LoadedConfig } from '../config/settings.ts'
import type { ConfigOptions } from './options.ts'
import type { Terminal } from './terminal.ts'

/** The config that a command's options, the environment and the folder it runs in lead to. */
export function loadSettings(
  terminal: Terminal,
  options: ConfigOptions & { readonly listen?: string },
): Promise<LoadedConfig> {
  const { env, cwd } = terminal
  return loadConfig({ file: options.config, flags: { listen: options.listen }, env, cwd })
}
