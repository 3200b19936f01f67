import { Argument, type Command } from 'commander'
import { clientExports, clients, type Client } from '../client-exports.ts'
import { gatewayUrl } from '../gateway-url.ts'
import { loadSettings } from '../load-settings.ts'
import { addConfigOption, type ConfigOptions } from '../options.ts'
import { environmentValue, type Terminal } from '../terminal.ts'

interface EnvOptions extends ConfigOptions {
  readonly key?: string
  readonly url?: string
}

export function env(command: Command, terminal: Terminal): void {
  addConfigOption(command)
    .addArgument(new Argument('<client>', 'who shall use the gateway').choices(clients))
    .option('--key <key>', 'the key to use (default: CORRAL_KEY)')
    .option('--url <url>', 'where the client reaches the gateway (default: what the config listens on)')
    .action(async (client: Client, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<EnvOptions>()
      const { settings } = await loadSettings(terminal, options)
      const key = options.key ?? environmentValue(terminal, 'CORRAL_KEY')
      const url = options.url?.replace(/\/+$/, '') ?? gatewayUrl(settings.http)
      if (key === undefined) terminal.print('# put a key in place of KEY; this makes one: corral key create NAME')
      for (const line of clientExports(client, { url, key: key ?? 'KEY', pathKeys: settings.auth.pathKeys }))
        terminal.print(line)
    })
}
