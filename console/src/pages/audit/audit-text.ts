import type { AuditEntry } from '../../admin-types.ts'

const verbs: Readonly<Record<string, string>> = {
  'key.create': 'created the key',
  'key.change': 'changed the key',
  'key.rotate': 'gave a new secret to the key',
  'key.revoke': 'revoked the key',
  'key.add-ssh': 'let in the SSH key',
  'key.import': 'imported keys for',
  'user.create': 'created the user',
  'user.change': 'changed the user',
  'user.disable': 'disabled the user',
  'user.enable': 'enabled the user',
  'user.delete': 'deleted the user',
  'console.login': 'logged in with',
  'console.logout': 'logged out with',
  'console.link': 'made a link to log in with',
  'exchange.stop': 'stopped a request',
  'upstream.add': 'added the upstream',
  'upstream.remove': 'removed the upstream',
  'upstream.wake': 'woke the upstream',
  'upstream.drain': 'drained the upstream',
  'upstream.disable': 'disabled the upstream',
  'upstream.enable': 'enabled the upstream',
  'models.pull': 'pulled the model',
  'models.delete': 'deleted the model',
  'models.sync': 'brought the fleet in step with',
  'job.cancel': 'cancelled the job for',
  'store.restore': 'restored the database from',
  refused: 'was refused',
}

/** What was done, as a person would say it; an action without words of its own is shown as it is. */
export function actionText(action: string): string {
  return verbs[action] ?? action
}

/** Who did it. */
export function actorText({ user, key }: Pick<AuditEntry, 'user' | 'key'>): string {
  if (user === null) return 'at the machine'
  return key === null ? user : `${user} with key ${key}`
}

/** The terms on one line, without what stands elsewhere or says nothing. */
export function detailText(detail: AuditEntry['detail']): string {
  return Object.entries(detail)
    .filter(([name, value]) => name !== 'id' && !isNothing(value))
    .map(([name, value]) => `${name.replaceAll('_', ' ')}: ${valueText(value)}`)
    .join(' · ')
}

/** Whether all words are somewhere in the entry. */
export function matchesAudit(entry: AuditEntry, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return true
  const text = [
    actorText(entry),
    entry.action,
    actionText(entry.action),
    entry.subject,
    detailText(entry.detail),
    entry.key_id,
  ]
    .join('\n')
    .toLowerCase()
  return words.every((word) => text.includes(word))
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)
}

function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(', ')
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([name, inner]) => `${name}=${valueText(inner)}`)
      .join(' ')
  return String(value)
}
