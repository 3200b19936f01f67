import type { Command } from 'commander'
import { GatewayError } from '../errors/gateway-error.ts'
import { CommandFailure } from './command-failure.ts'
import { gatewayUrl } from './gateway-url.ts'
import { loadSettings } from './load-settings.ts'
import { addConfigOption, type ConfigOptions } from './options.ts'
import { parseServer } from './remote-administration.ts'
import { environmentValue, type Terminal } from './terminal.ts'

export interface GatewayOptions extends ConfigOptions {
  readonly server?: string
  readonly key?: string
}

/** A running gateway and the key to ask it with. */
export interface GatewayTarget {
  /** Without a slash at its end. */
  readonly server: string
  readonly key: string
}

/** `wanted`: what the key must be allowed. */
export function addGatewayOptions(command: Command, wanted: string): Command {
  return addConfigOption(command)
    .option('--server <url>', 'the running gateway (default: CORRAL_SERVER, or where the config listens)')
    .option('--key <key>', `key with ${wanted} (default: CORRAL_KEY)`)
}

export async function findGateway(terminal: Terminal, options: GatewayOptions): Promise<GatewayTarget> {
  const key = options.key ?? environmentValue(terminal, 'CORRAL_KEY')
  if (key === undefined) throw new CommandFailure('Give --key, or CORRAL_KEY, a key of the gateway', { exitCode: 2 })
  if (options.server !== undefined) return { server: parseServer(options.server), key }
  const server = environmentValue(terminal, 'CORRAL_SERVER')
  if (server !== undefined) return { server: parseServer(server, 'CORRAL_SERVER'), key }
  const { settings } = await loadSettings(terminal, options)
  return { server: gatewayUrl(settings.http), key }
}

/** There is no store to turn to in place of the gateway: the key is all there is to change. */
export function atKeyboard(error: unknown): unknown {
  const isKeys = error instanceof GatewayError && (error.code === 'missing_scope' || error.code === 'model_denied')
  return isKeys ? new CommandFailure(`${error.message}: give --key, or CORRAL_KEY, one that may`) : error
}
