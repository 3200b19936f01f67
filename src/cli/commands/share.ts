import { randomInt } from 'node:crypto'
import { Option, type Command } from 'commander'
import { createKeyRoute } from '../../admin/keys.ts'
import { parseModelName } from '../../lib/model-name.ts'
import { withAdministration } from '../with-administration.ts'
import { ollamaHost, shellQuote } from '../client-exports.ts'
import { CommandFailure } from '../command-failure.ts'
import { reachableUrl } from '../gateway-url.ts'
import { loadSettings } from '../load-settings.ts'
import { addStoreOptions, parseDurationOption, toSeconds, type StoreOptions } from '../options.ts'
import { localTime } from '../print-list.ts'
import type { Terminal } from '../terminal.ts'

interface ShareOptions extends StoreOptions {
  readonly model: string
  /** Milliseconds. */
  readonly for: number
  readonly url?: string
  readonly user: string
}

const defaultTimeMs = 2 * 60 * 60 * 1000

export function share(command: Command, terminal: Terminal): void {
  addStoreOptions(command)
    .requiredOption('--model <model>', 'the one model to lend')
    .addOption(
      new Option('--for <duration>', 'how long, such as 30m')
        .argParser(parseDurationOption)
        .default(defaultTimeMs, '2h'),
    )
    .option(
      '--url <url>',
      'where the other person reaches the gateway (default: --server, or what the config listens on)',
    )
    .option('--user <name>', 'who lends it', 'admin')
    .action(async (_options: unknown, self: Command) => {
      const options = self.optsWithGlobals<ShareOptions>()
      const name = parseModelName(options.model)
      if (name.kind === 'invalid')
        throw new CommandFailure(`${JSON.stringify(options.model)} is not a model name`, { exitCode: 2 })
      const { settings } = await loadSettings(terminal, options)
      const url = reachableUrl(terminal, settings.http, options)
      const input = {
        name: shareName(name.canonical),
        user: options.user,
        models: [options.model],
        expires_in_seconds: toSeconds(options.for),
      }
      const key = await withAdministration(terminal, options, (administration) =>
        administration.call(createKeyRoute, { input }),
      )
      terminal.print(lineToSend({ url, key: key.secret, pathKeys: settings.auth.pathKeys }, options.model))
      terminal.say(`It ends ${localTime(key.expires_at)}; "corral key revoke ${key.name}" ends it sooner`)
    })
}

function lineToSend(connection: { url: string; key: string; pathKeys: boolean }, model: string): string {
  if (connection.pathKeys) return `OLLAMA_HOST=${shellQuote(ollamaHost(connection))} ollama run ${model}`
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello' }] })
  return `curl ${shellQuote(`${connection.url}/v1/chat/completions`)} -H 'Authorization: Bearer ${connection.key}' -d '${body}'`
}

/** Names are unique; one model may be lent to several people at once. */
function shareName(model: string): string {
  const suffix = randomInt(36 ** 4)
    .toString(36)
    .padStart(4, '0')
  return `share-${model.replaceAll(/[^A-Za-z0-9.-]+/g, '-').slice(0, 48)}-${suffix}`
}
