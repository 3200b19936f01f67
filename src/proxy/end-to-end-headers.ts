import type { RawHeaders } from '../lib/raw-headers.ts'

/**
 * What of a client's headers an upstream may see: a closed list, because Ollama hands everything it gets to ollama.com
 * for cloud models. Credentials, Host, Origin, cookies, forwarding and framing never travel; the upstream adds its own.
 */
export function toUpstreamHeaders(client: RawHeaders): string[] {
  return select(client, mayGoUpstream)
}

/** What an agent's Ollama may see of what the gateway sent: as much, and the trace, which is the gateway's own word. */
export function toAgentUpstreamHeaders(gateway: RawHeaders): string[] {
  return select(gateway, (lower) => TRACE_NAMES.has(lower) || mayGoUpstream(lower))
}

function select(client: RawHeaders, mayGo: (lower: string) => boolean): string[] {
  const named = connectionTokens(client)
  const kept: string[] = []
  for (let i = 0; i < client.length; i += 2) {
    const name = client[i] ?? ''
    const lower = name.toLowerCase()
    if (!mayGo(lower) || named?.has(lower) === true) continue
    kept.push(name, client[i + 1] ?? '')
  }
  return kept
}

/** What of an upstream's answer a client may see: all but what belongs to the other connection or to the server behind. */
export function toClientHeaders(upstream: RawHeaders): string[] {
  const named = connectionTokens(upstream)
  const kept: string[] = []
  for (let i = 0; i < upstream.length; i += 2) {
    const name = upstream[i] ?? ''
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || PRIVATE.has(lower) || PRIVATE_PREFIX.test(lower)) continue
    // A Connection that names the framing or the type would change what the client reads: ignored.
    if (named?.has(lower) === true && !lower.startsWith('content-')) continue
    kept.push(name, upstream[i + 1] ?? '')
  }
  return kept
}

const TRACE_NAMES = new Set(['traceparent', 'tracestate'])
const UPSTREAM_NAMES = new Set(['content-type', 'accept', 'user-agent', 'openai-beta'])
/** Claude Code asks gateways to treat these as open lists. */
const UPSTREAM_PREFIX = /^(?:anthropic-|x-claude-code-)/
const SECRET_LOOKING = /key|token|auth|secret|cookie|password/

function mayGoUpstream(lower: string): boolean {
  return UPSTREAM_NAMES.has(lower) || (UPSTREAM_PREFIX.test(lower) && !SECRET_LOOKING.test(lower))
}

/** RFC 9110 section 7.6.1, and what its forerunners named. */
const HOP_BY_HOP = new Set([
  ...['connection', 'proxy-connection', 'keep-alive', 'te', 'transfer-encoding', 'upgrade'],
  ...['proxy-authenticate', 'proxy-authorization', 'proxy-authentication-info', 'http2-settings'],
])
/** Speaks of the upstream's host, or would be taken for this one's own word. */
const PRIVATE = new Set([
  'server',
  'x-powered-by',
  'set-cookie',
  'alt-svc',
  'strict-transport-security',
  'clear-site-data',
])
const PRIVATE_PREFIX = /^(?:access-control-|corral-)/

/** Names listed in every Connection field; null where there is none to speak of. */
function connectionTokens(headers: RawHeaders): Set<string> | null {
  let tokens: Set<string> | null = null
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]
    if (name === undefined || name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const value = headers[i + 1] ?? ''
    if (value === 'keep-alive' || value === 'close') continue
    tokens ??= new Set()
    for (const token of value.split(',')) tokens.add(token.trim().toLowerCase())
  }
  return tokens
}
