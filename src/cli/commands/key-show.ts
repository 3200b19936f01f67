import type { Command } from 'commander'
import type { KeyView } from '../../admin/key-schemas.ts'
import { showKeyRoute } from '../../admin/keys.ts'
import { findKeyId } from '../keys/find-id.ts'
import { withAdministration } from '../with-administration.ts'
import { addStoreOptions, type StoreOptions } from '../options.ts'
import { limitsText, queueText } from '../present-key.ts'
import { localTime } from '../print-list.ts'
import { printFacts } from '../keys/print-facts.ts'
import type { Terminal } from '../terminal.ts'

export function keyShow(command: Command, terminal: Terminal): void {
  addStoreOptions(command.argument('<key>', 'its name or its id'))
    .option('--json', 'print a JSON object')
    .action(async (nameOrId: string, _options: unknown, self: Command) => {
      const options = self.optsWithGlobals<StoreOptions & { json?: boolean }>()
      const key = await withAdministration(terminal, options, async (administration) => {
        const id = await findKeyId(administration, nameOrId)
        return administration.call(showKeyRoute, { params: { id } })
      })
      if (options.json === true) terminal.print(JSON.stringify(key, null, 2))
      else printFacts(terminal, factsOf(key))
    })
}

function factsOf(key: KeyView): Readonly<Record<string, string>> {
  return {
    name: key.name,
    id: key.id,
    user: key.user,
    state: key.state,
    scopes: key.scopes.join(' '),
    ...(key.pools === null ? { models: key.models?.join(' ') ?? 'every local one' } : { pools: key.pools.join(' ') }),
    upstreams: key.upstreams?.join(' ') ?? 'all',
    queue: queueText(key),
    limits: limitsText(key.limits) || 'none of its own',
    created: localTime(key.created_at),
    expires: localTime(key.expires_at),
    'last used': localTime(key.last_used_at),
    ...(key.old_secret_until !== null && { 'old secret': `works until ${localTime(key.old_secret_until)}` }),
    ...(key.hint !== '' && { hint: `...${key.hint}` }),
  }
}
