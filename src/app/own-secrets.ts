import { Buffer } from 'node:buffer'
import type { Settings } from '../config/settings.ts'
import { Secret } from '../lib/secret.ts'

/** Header fields that an upstream may ask for; `x-team` is none. */
const credentialName = /authorization|cookie|key|token|secret|password/i

/** Every secret that the config holds, and what of it an upstream may repeat in an error. */
export function ownSecrets(settings: Settings): string[] {
  const written = secretsIn(settings).map((secret) => secret.reveal())
  return [...written, ...settings.upstreams.flatMap(({ headers }) => credentialsIn(headers))].flatMap(withParts)
}

function secretsIn(value: unknown): Secret[] {
  if (value instanceof Secret) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretsIn) : []
}

function credentialsIn(headers: readonly string[]): string[] {
  return headers.filter((_value, index) => index % 2 === 1 && credentialName.test(headers[index - 1] ?? ''))
}

/** `Bearer KEY` is known by its key, and `Basic` by its password too. */
function withParts(secret: string): string[] {
  const [, scheme = '', rest = ''] = /^(bearer|basic) +(\S+)$/i.exec(secret) ?? []
  if (scheme === '') return [secret]
  if (scheme.toLowerCase() === 'bearer') return [rest]
  const pair = Buffer.from(rest, 'base64').toString('utf8')
  return [rest, pair.slice(pair.indexOf(':') + 1)]
}
