import { Option, type Command } from 'commander'
import type { TermsInput } from '../../admin/key-schemas.ts'
import { withKeyDesk } from '../keys/key-desk.ts'
import { addKeyDeskOptions, addTermsOptions, termsOf, type StoreOptions, type TermsOptions } from '../options.ts'
import { addLimitOption, type LimitOptions } from '../limit-options.ts'
import { reachableUrl } from '../gateway-url.ts'
import { loadSettings } from '../load-settings.ts'
import { presentAgentKey, presentKey } from '../present-key.ts'
import type { Terminal } from '../terminal.ts'

interface KeyCreateOptions extends StoreOptions, TermsOptions, LimitOptions {
  readonly user?: string
  readonly format?: 'crl' | 'ollama-uuid'
  readonly agent?: boolean
  readonly pool?: readonly string[]
  readonly url?: string
}

export function keyCreate(command: Command, terminal: Terminal): void {
  const named = command
    .argument('<name>', 'what the key is called')
    .option('--user <name>', "whose key it is (default: admin; with a member's key, that member)")
  addKeyDeskOptions(addLimitOption(addTermsOptions(named), 'this key'))
    .addOption(new Option('--format <format>', 'shape of the key (default: crl)').choices(['crl', 'ollama-uuid']))
    .option('--agent', 'for corral agent beside an Ollama that nobody can reach; it opens nothing else')
    .option('--pool <name...>', 'with --agent: pools of the config that it may join (default: default)')
    .option(
      '--url <url>',
      'with --agent: where it reaches the gateway (default: --server, or what the config listens on)',
    )
    .usage('<name> [options]')
    .action(async (name: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<KeyCreateOptions>()
      const { user, format, limit: limits } = options
      const input = { name, user, format, limits, ...termsOf(options), ...agentTerms(options) }
      const key = await withKeyDesk(terminal, options, (desk) => desk.create(input))
      if (!key.scopes.includes('agent')) return presentKey(terminal, key)
      const { settings } = await loadSettings(terminal, options)
      presentAgentKey(terminal, key, reachableUrl(terminal, settings.http, options))
    })
}

/** `--agent` beside `--scope` is for the administration to refuse, as is a pool without it. */
function agentTerms({ agent, pool, scope }: KeyCreateOptions): Partial<TermsInput> {
  return {
    ...(agent === true && { scopes: [...(scope ?? []), 'agent' as const] }),
    ...(pool && { pools: [...pool] }),
  }
}
