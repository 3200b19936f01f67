import { createHash } from 'node:crypto'
import type { RouteRequest } from '../proxy/router.ts'
import type { UpstreamRequest } from '../proxy/upstream.ts'
import { mayAnswerAgain } from './asked-again.ts'
import { canonicalBody } from './canonical-body.ts'
import { isObject, parseJsonTree } from './json-tree.ts'
import type { CacheSettings } from './settings.ts'

/** Longer ones are read by nobody here: what reading them takes, others would wait for. */
const LONGEST_BODY = 1024 * 1024

export type CacheTerms = Pick<CacheSettings, 'mode' | 'share'>

/** A request as far as it decides what its answer is. */
export type KeyedRequest = Pick<RouteRequest, 'route' | 'principal' | 'named' | 'asking' | 'format'>

/**
 * Stands for everything that decides an answer and who may have it; `digest` is that of the model. Undefined: the
 * answer is not to be given again. A key that is held to certain upstreams, or names some, meets others with the same
 * ones only.
 */
export function cacheKey(request: KeyedRequest, digest: string, terms: CacheTerms): string | undefined {
  const { route, principal, named, asking, format } = request
  if (asking === undefined || route.body !== 'json') return undefined
  const body = readBody(asking.body)
  const tree = body === undefined ? undefined : parseJsonTree(body)
  if (!isObject(tree) || !mayAnswerAgain(tree, route, terms.mode)) return undefined
  const meaning = canonicalBody(tree, route.dialect)
  if (meaning === undefined) return undefined
  const around = [
    digest,
    route.dialect,
    asking.target,
    format?.framing ?? 'whole',
    sharers(principal, terms.share),
    principal.upstreams?.toSorted() ?? null,
    named?.toSorted() ?? null,
    route.dialect === 'anthropic' ? versionsOf(asking) : null,
  ]
  return createHash('sha256')
    .update(`${JSON.stringify(around)}\n${meaning}`)
    .digest('base64url')
}

/** A user who is deleted leaves the name to others. */
function sharers(
  { user, userId = '', keyId }: RouteRequest['principal'],
  share: CacheTerms['share'],
): readonly string[] {
  if (share === 'all') return []
  return share === 'user' ? ['user', user, userId] : ['key', keyId]
}

/** Ollama passes over them today; they are there to change what is answered. */
function versionsOf({ headers }: UpstreamRequest): string[] {
  const found: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]?.toLowerCase() ?? ''
    if (name === 'anthropic-version' || name === 'anthropic-beta') found.push(name, headers[i + 1] ?? '')
  }
  return found
}

/** Undefined where it is too long, comes as a stream, or is no text: what a decoder puts right it may put right wrongly. */
function readBody(body: UpstreamRequest['body']): string | undefined {
  if (!isWhole(body)) return undefined
  const length = body.reduce((sum, chunk) => sum + chunk.length, 0)
  if (length > LONGEST_BODY) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(joined(body, length))
  } catch {
    return undefined
  }
}

function isWhole(body: UpstreamRequest['body']): body is readonly Uint8Array[] {
  return Array.isArray(body)
}

function joined(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const only = chunks.length === 1 ? chunks[0] : undefined
  if (only !== undefined) return only
  const whole = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}
