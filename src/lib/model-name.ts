/** One model under all of its spellings. */
export type ModelName = { readonly kind: 'local' | 'cloud'; readonly canonical: string } | { readonly kind: 'invalid' }

/** `foreign`: no Ollama could have it, a provider may. */
export type AnyModelName = ModelName | { readonly kind: 'foreign'; readonly canonical: string }

interface NameParts {
  readonly host: string
  readonly namespace: string
  readonly model: string
  readonly tag: string
}

const DEFAULT_HOST = 'registry.ollama.ai'
const DEFAULT_NAMESPACE = 'library'
const DEFAULT_TAG = 'latest'

const HOST = /^[a-z0-9_][a-z0-9_.:-]{0,349}$/
const NAMESPACE = /^[a-z0-9_][a-z0-9_-]{0,79}$/
const MODEL_OR_TAG = /^[a-z0-9_][a-z0-9_.-]{0,79}$/
const SCHEME = /^https?:\/\//
/** `ft:gpt-4o-mini:org::id`, `accounts/x/models/y`, `@cf/meta/z`: such names Ollama refuses. */
const FOREIGN = /^[a-z0-9_@][a-z0-9_.:/@+-]{0,255}$/

/** What Go's `strings.TrimSpace` takes off; `String.trim` differs in U+0085 and U+FEFF. */
const OUTER_SPACE =
  /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+|[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/g

const INVALID: ModelName = { kind: 'invalid' }

/** Longer than any valid name, so that a hostile one costs nothing. */
const MAX_RAW_LENGTH = 1024

/**
 * `[scheme://][host/][namespace/]model[:tag]`, as Ollama reads it. Canonical is lower case, with the default host
 * and namespace dropped and a tag always present. A cloud model keeps its suffix (`x:cloud`, `x:8b-cloud`), so that
 * it never equals the local model of the same name.
 */
export function parseModelName(raw: string): ModelName {
  if (raw.length > MAX_RAW_LENGTH) return INVALID
  const known = parsed.get(raw)
  if (known !== undefined) return known
  const name = Object.freeze(parse(raw))
  if (parsed.size >= MAX_PARSED) parsed.clear()
  parsed.set(raw, name)
  return name
}

/** Takes the names of providers too. Whoever routes by them must know that some provider has the model. */
export function parseAnyModelName(raw: string): AnyModelName {
  const name = parseModelName(raw)
  if (name.kind !== 'invalid' || raw.length > MAX_RAW_LENGTH) return name
  const canonical = lowerAscii(raw.replace(OUTER_SPACE, ''))
  return FOREIGN.test(canonical) ? { kind: 'foreign', canonical } : name
}

/** A memo: each request names its model in the same few spellings, and is asked for it more than once. */
const parsed = new Map<string, ModelName>()
const MAX_PARSED = 500

function parse(raw: string): ModelName {
  const { base, source } = splitSource(raw.replace(OUTER_SPACE, ''))
  // Ollama refuses a second suffix below the first (`x:local:cloud`, `x:cloud-cloud`).
  if (source !== undefined && splitSource(base).source !== undefined) return INVALID
  const parts = splitName(lowerAscii(base))
  if (!isValid(parts)) return INVALID
  const name = shortestName(parts)
  if (source !== 'cloud') return { kind: 'local', canonical: `${name}:${parts.tag}` }
  return { kind: 'cloud', canonical: parts.tag === DEFAULT_TAG ? `${name}:cloud` : `${name}:${parts.tag}-cloud` }
}

/** Ollama takes these suffixes off before it looks at the name. */
function splitSource(text: string): { base: string; source?: 'local' | 'cloud' } {
  const colon = text.lastIndexOf(':')
  if (colon < 0) return { base: text }
  const suffix = lowerAscii(text.slice(colon + 1))
  if (suffix === 'local' || suffix === 'cloud') return { base: text.slice(0, colon), source: suffix }
  if (suffix.endsWith('-cloud') && !suffix.includes('/'))
    return { base: text.slice(0, -'-cloud'.length), source: 'cloud' }
  return { base: text }
}

/** From the right, because only a host may hold a colon of its own. */
function splitName(text: string): NameParts {
  const colon = text.lastIndexOf(':')
  const tagged = colon > text.lastIndexOf('/')
  const path = (tagged ? text.slice(0, colon) : text).split('/')
  const model = path.pop() ?? ''
  const namespace = path.pop() ?? DEFAULT_NAMESPACE
  const host = path.length === 0 ? DEFAULT_HOST : path.join('/').replace(SCHEME, '')
  return { host, namespace, model, tag: tagged ? text.slice(colon + 1) : DEFAULT_TAG }
}

function isValid(parts: NameParts): boolean {
  return (
    HOST.test(parts.host) &&
    NAMESPACE.test(parts.namespace) &&
    MODEL_OR_TAG.test(parts.model) &&
    MODEL_OR_TAG.test(parts.tag)
  )
}

function shortestName(parts: NameParts): string {
  if (parts.host !== DEFAULT_HOST) return `${parts.host}/${parts.namespace}/${parts.model}`
  if (parts.namespace !== DEFAULT_NAMESPACE) return `${parts.namespace}/${parts.model}`
  return parts.model
}

/** ASCII only: U+212A must stay a character no name may hold, and not become `k`. */
function lowerAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}
