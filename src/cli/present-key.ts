import { isPlainShare, type QueueShare } from '../auth/principal.ts'
import type { CreatedKey, KeyView } from '../admin/key-schemas.ts'
import type { LimitsView } from '../admin/limit-schemas.ts'
import { shellQuote } from './client-exports.ts'
import { localTime } from './print-list.ts'
import type { Terminal } from './terminal.ts'

/** The secret goes to stdout and nothing else does, so that `KEY=$(corral key create NAME)` works. */
export function presentKey(terminal: Terminal, key: CreatedKey): void {
  terminal.say(`${describeKey(key)}. It is shown this once:`)
  terminal.print(key.secret)
  terminal.say('"corral env ollama|openai|claude|codex --key KEY" prints how a client uses it')
}

/** As `presentKey`, and what to run on the machine with the Ollama. */
export function presentAgentKey(terminal: Terminal, key: CreatedKey, url: string): void {
  terminal.say(`${describeKey(key)}. It is shown this once:`)
  terminal.print(key.secret)
  terminal.say('On the machine with the Ollama, run:')
  terminal.say(`  npx corral agent --server ${shellQuote(url)} --key ${shellQuote(key.secret)}`)
}

export function describeKey(key: KeyView): string {
  const models = key.models === null ? '' : `, models ${key.models.join(' ')}`
  const pools = key.pools === null ? '' : `, pools ${key.pools.join(' ')}`
  const end = key.expires_at === null ? '' : `, until ${localTime(key.expires_at)}`
  const share = isPlainShare(key) ? '' : `, ${queueText(key)}`
  const limits = limitsText(key.limits)
  return `Key "${key.name}" of user "${key.user}" (${key.id}): ${key.scopes.join(', ')}${models}${pools}${share}${limits === '' ? '' : `, ${limits}`}${end}`
}

/** As it is typed after `--limit`. */
export function limitsText(limits: LimitsView): string {
  return Object.entries(limits)
    .map(([name, limit]) => `${name}=${limit}`)
    .join(' ')
}

export function queueText(share: QueueShare): string {
  return share.weight === 1 ? share.class : `${share.class} weight ${share.weight}`
}
