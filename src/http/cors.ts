import { GatewayError } from '../errors/gateway-error.ts'
import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'

/**
 * Who may read answers from a web page. Ollama's own CORS never sees an Origin, because its check answers 403 to
 * names it does not know; so all of it happens here. Cookies are never used, hence no `allow-credentials` at all.
 */
export interface Cors {
  /** What to answer to a preflight with status 204; null where `OPTIONS` is none. `origin_denied` where it is refused. */
  preflight(headers: RawHeaders): readonly string[] | GatewayError | null
  /** Fields to add to every other answer. */
  responseHeaders(headers: RawHeaders): readonly string[]
  /** Whether the request comes from a page of an origin that is not listed. */
  isForeign(headers: RawHeaders): boolean
}

const ALLOWED_METHODS = 'GET, HEAD, POST, DELETE, OPTIONS'
/** `accept` and its like need no listing; `*` would not cover `authorization` (Fetch standard, CORS-unsafe names). */
const ALLOWED_HEADER = new RegExp(
  '^(?:authorization|content-type|accept|user-agent|x-requested-with|x-api-key|api-key|apikey|x-request-id|cache-control|corral-upstream|openai-[a-z-]+' +
    '|anthropic-[a-z-]+|x-stainless-[a-z-]+|x-claude-code-[a-z-]+)$',
)
const EXPOSED_HEADERS = [
  'corral-error, corral-upstream, corral-model, corral-attempts, corral-cache, retry-after, x-should-retry, x-request-id, request-id',
  ...['requests', 'tokens'].flatMap((what) =>
    ['limit', 'remaining', 'reset'].flatMap((how) => [
      `x-ratelimit-${how}-${what}`,
      `anthropic-ratelimit-${what}-${how}`,
    ]),
  ),
].join(', ')
/** What Ollama says; browsers cap it (Chromium at two hours). */
const MAX_AGE_SECONDS = '43200'
const NOTHING: readonly string[] = Object.freeze([])

export function createCors(origins: readonly string[]): Cors {
  const any = origins.includes('*')
  const listed = new Set(origins.map((origin) => origin.toLowerCase()))
  const isAllowed = (origin: string) => any || listed.has(origin.toLowerCase())
  const vary = any || listed.size === 0 ? NOTHING : Object.freeze(['vary', 'Origin'])

  function preflight(headers: RawHeaders): readonly string[] | GatewayError | null {
    const origin = headerValue(headers, 'origin')
    if (origin === undefined || headerValue(headers, 'access-control-request-method') === undefined) return null
    if (!isAllowed(origin)) return new GatewayError('origin_denied')
    const answer = ['access-control-allow-origin', any ? '*' : origin, 'access-control-allow-methods', ALLOWED_METHODS]
    const wanted = headerValue(headers, 'access-control-request-headers')
    if (wanted !== undefined) answer.push('access-control-allow-headers', allowedHeaders(wanted))
    if (!any && headerValue(headers, 'access-control-request-private-network') === 'true') {
      answer.push('access-control-allow-private-network', 'true')
    }
    answer.push('access-control-max-age', MAX_AGE_SECONDS)
    for (const field of PREFLIGHT_VARY) answer.push('vary', field)
    return answer
  }

  function responseHeaders(headers: RawHeaders): readonly string[] {
    if (!any && listed.size === 0) return NOTHING
    const origin = headerValue(headers, 'origin')
    if (origin === undefined || !isAllowed(origin)) return vary
    const allowed = [
      'access-control-allow-origin',
      any ? '*' : origin,
      'access-control-expose-headers',
      EXPOSED_HEADERS,
    ]
    return [...allowed, ...vary]
  }

  function isForeign(headers: RawHeaders): boolean {
    const origin = headerValue(headers, 'origin')
    return origin !== undefined && !isAllowed(origin)
  }

  return { preflight, responseHeaders, isForeign }
}

const PREFLIGHT_VARY = ['Origin', 'Access-Control-Request-Method', 'Access-Control-Request-Headers']

/** Echoes those that are known, so that names with a wildcard part (`x-stainless-*`) can be listed at all. */
function allowedHeaders(wanted: string): string {
  const names = wanted.split(',').map((name) => name.trim().toLowerCase())
  return names.filter((name) => ALLOWED_HEADER.test(name)).join(', ')
}
