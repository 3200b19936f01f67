import type { Command } from 'commander'
import type { Administration } from './administration.ts'
import { CommandFailure } from './command-failure.ts'
import { gatewayUrl } from './gateway-url.ts'
import { loadSettings } from './load-settings.ts'
import { addConfigOption, type StoreOptions } from './options.ts'
import { createRemoteAdministration } from './remote-administration.ts'
import type { Terminal } from './terminal.ts'

/** For commands that only a running gateway can answer. */
export interface RunningGateway {
  readonly url: string
  readonly administration: Administration
}

export function addGatewayOptions(command: Command): Command {
  return addConfigOption(command)
    .option('--server <url>', 'the gateway to ask (default: where the config says that it listens)')
    .option('--key <key>', 'key with scope admin (default: CORRAL_KEY)')
}

export async function openRunningGateway(terminal: Terminal, options: StoreOptions): Promise<RunningGateway> {
  const key = options.key ?? terminal.env['CORRAL_KEY']
  if (key === undefined) {
    throw new CommandFailure('A running gateway is asked: give --key, or CORRAL_KEY, with a key of scope admin', {
      exitCode: 2,
    })
  }
  const url = options.server ?? gatewayUrl((await loadSettings(terminal, options)).settings.http)
  return { url, administration: createRemoteAdministration({ server: url, key }) }
}
