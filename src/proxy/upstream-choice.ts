import { GatewayError } from '../errors/gateway-error.ts'
import { headerValues, type RawHeaders } from '../lib/raw-headers.ts'

/** The header by which a caller says where its request shall go. It never goes upstream. */
const HEADER = 'corral-upstream'
/** What upstreams, agents and pools may be called. */
const NAME = /^[a-z0-9][\w.-]{0,63}$/i
const MOST_NAMES = 64

/** Upstreams that a request names, each once; `*` alone for all, null where it names none. */
export function upstreamChoice(headers: RawHeaders): readonly string[] | null | GatewayError {
  const values = headerValues(headers, HEADER)
  if (values.length === 0) return null
  const names = [
    ...new Set(
      values
        .join(',')
        .split(',')
        .map((name) => name.trim()),
    ),
  ]
  if (names.includes('*')) return ['*']
  const wrong = names.find((name) => !NAME.test(name))
  if (wrong !== undefined) return refused(`The header ${HEADER} takes names of upstreams or *, not "${shown(wrong)}"`)
  if (names.length > MOST_NAMES) return refused(`The header ${HEADER} takes at most ${MOST_NAMES} names`)
  return names
}

function refused(message: string): GatewayError {
  return new GatewayError('bad_upstream_choice', { message })
}

/** Header values may hold anything and be long. */
function shown(name: string): string {
  return name.replace(/[^\x20-\x7e]/g, '?').slice(0, 64)
}
