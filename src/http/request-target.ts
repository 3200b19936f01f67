/**
 * The request target is parsed once, here; credential, routing, policy, log and upstream all use this result.
 * Nothing is normalised: what could be read in two ways is refused (RFC 9112 section 3.2, RFC 3986 section 6).
 */
export type RequestTarget = ParsedTarget | BadTarget

export interface ParsedTarget {
  readonly kind: 'ok'
  /** Raw path without a path key; begins with `/`. */
  readonly path: string
  /** Raw query without its `?`; empty where there is none. */
  readonly query: string
  /** The key of `/k/KEY/...`, decoded. A secret. */
  readonly pathKey: string | null
}

export interface BadTarget {
  readonly kind: 'bad'
  /** A sentence without any part of the target, which may hold a key. */
  readonly reason: string
}

const MAX_LENGTH = 8192
const LEGAL = /^\/[A-Za-z0-9\-._~!$&'()*+,=:@/?%]*$/
const DOT_SEGMENT = /\/\.\.?(?:\/|$)/
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/
/** `.`, `/`, `\`, control characters, DEL, all beyond ASCII (overlong UTF-8 among it), and `%` before two hex digits. */
const FORBIDDEN_ESCAPE = /%(?:2[EeFf]|5[Cc]|[01][0-9A-Fa-f]|7[Ff]|[89A-Fa-f][0-9A-Fa-f]|25[0-9A-Fa-f]{2})/
const KEY_PREFIX = '/k/'

export function parseRequestTarget(raw: string): RequestTarget {
  if (raw.length > MAX_LENGTH) return bad('The request target is too long')
  if (!LEGAL.test(raw)) return bad(illegalCharacter(raw))
  const mark = raw.indexOf('?')
  const path = mark < 0 ? raw : raw.slice(0, mark)
  const query = mark < 0 ? '' : raw.slice(mark + 1)
  if (path.includes('//')) return bad('The request target has an empty path segment')
  if (DOT_SEGMENT.test(path)) return bad('The request target has a dot segment')
  if (raw.includes('%')) {
    if (BROKEN_ESCAPE.test(raw)) return bad('The request target has a broken percent escape')
    if (FORBIDDEN_ESCAPE.test(path)) return bad('The request target hides a character behind a percent escape')
  }
  return path.startsWith(KEY_PREFIX) ? splitPathKey(path, query) : { kind: 'ok', path, query, pathKey: null }
}

/** A target as a log may show it: path keys and everything after the path replaced, printable, bounded. */
export function redactTarget(raw: string): string {
  const path = raw.slice(0, 512).split(/[?#;]/, 1)[0] ?? ''
  let hidden = false
  const segments = path.split(/([/\\]+)/).map((segment, index) => {
    if (index % 2 === 1 || segment === '') return segment
    if (hidden) {
      hidden = false
      return '[redacted]'
    }
    hidden = /^(?:k|%(?:25)*[46][Bb])$/i.test(segment)
    return /crl_|^OLLAMA-|@/i.test(segment) ? '[redacted]' : segment
  })
  const shown = segments.join('').replace(/[^\x21-\x7e]/g, '?')
  return path.length < raw.length ? `${shown}?[redacted]` : shown
}

function splitPathKey(path: string, query: string): ParsedTarget {
  const end = path.indexOf('/', KEY_PREFIX.length)
  const segment = end < 0 ? path.slice(KEY_PREFIX.length) : path.slice(KEY_PREFIX.length, end)
  if (segment === '') return { kind: 'ok', path, query, pathKey: null }
  // Every escape that is left stands for one printable ASCII character, so this cannot throw.
  const pathKey = segment.includes('%') ? decodeURIComponent(segment) : segment
  return { kind: 'ok', path: end < 0 ? '/' : path.slice(end), query, pathKey }
}

function illegalCharacter(raw: string): string {
  if (!raw.startsWith('/')) return 'The request target is not in origin form: it must begin with "/"'
  for (const character of ['\\', ';', '#']) {
    if (raw.includes(character)) return `The request target has a "${character}"`
  }
  return 'The request target has a character that a path cannot have'
}

function bad(reason: string): BadTarget {
  return { kind: 'bad', reason }
}
