import type { Command } from 'commander'
import { createLinkRoute } from '../../admin/console-links.ts'
import { isLoopbackHost } from '../../http/listen-address.ts'
import { CommandFailure } from '../command-failure.ts'
import { probe } from '../doctor/probe.ts'
import { gatewayUrl } from '../gateway-url.ts'
import { loadSettings } from '../load-settings.ts'
import { addStoreOptions, type StoreOptions } from '../options.ts'
import { parseServer } from '../remote-administration.ts'
import type { Terminal } from '../terminal.ts'
import { withAdministration } from '../with-administration.ts'

interface ConsoleOptions extends StoreOptions {
  readonly as?: string
  readonly url?: string
}

export function openConsole(command: Command, terminal: Terminal): void {
  addStoreOptions(command)
    .option('--as <key>', 'name or id of the key to log in with (default: the oldest with scope admin)')
    .option('--url <url>', 'where the browser finds the gateway (default: --server, or what the config listens on)')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ConsoleOptions>()
      const base = await baseUrl(terminal, options)
      const input = options.as === undefined ? {} : { key: options.as }
      const link = await withAdministration(terminal, options, (administration) =>
        administration.call(createLinkRoute, { input }),
      )
      terminal.print(base + link.url)
      const end = new Date(link.expires_at).toLocaleTimeString('sv-SE')
      terminal.say(`It logs in once, until ${end}, with the key "${link.key_name}" of "${link.user}"`)
      await sayWhatIsInTheWay(terminal, base)
    })
}

async function baseUrl(terminal: Terminal, options: ConsoleOptions): Promise<string> {
  if (options.url !== undefined) return parseServer(options.url, '--url')
  if (options.server !== undefined) return parseServer(options.server)
  const { settings } = await loadSettings(terminal, options)
  if (settings.http.listen[0]?.port === 0)
    throw new CommandFailure('The config listens on any free port: give --url, as "corral serve" said it', {
      exitCode: 2,
    })
  return gatewayUrl(settings.http)
}

/** The link is good all the same: what is missing may come within its minute. */
async function sayWhatIsInTheWay(terminal: Terminal, base: string): Promise<void> {
  const { protocol, hostname } = new URL(base)
  const isLocal = isLoopbackHost(hostname.replace(/^\[|\]$/g, '')) || hostname.endsWith('.localhost')
  if (protocol === 'http:' && !isLocal)
    terminal.say(
      `Browsers keep no session over plain HTTP: open it on the machine itself, or through "ssh -L", or set up TLS`,
    )
  const answer = await probe(`${base}/health`, { anyCertificate: true })
  if (answer.kind === 'failed')
    terminal.say(
      `Nothing answers at ${base} yet (${answer.reason}): start the gateway with "corral serve", or give --url`,
    )
}
