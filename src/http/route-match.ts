import type { Route } from '../proxy/route.ts'

export type RouteMatch = MatchedRoute | WrongMethod | NoRoute

export interface MatchedRoute {
  readonly kind: 'route'
  readonly route: Route
  /** Decoded values of `:name` and `*name`. */
  readonly params: Readonly<Record<string, string>>
}

export interface WrongMethod {
  readonly kind: 'wrong-method'
  /** For the `allow` header, in Ollama's order. */
  readonly allow: readonly string[]
}

export interface NoRoute {
  readonly kind: 'none'
}

export interface RouteTable {
  /** `path` as parseRequestTarget gave it: compared byte for byte. */
  match(method: string, path: string): RouteMatch
}

/** The order in which Ollama's router lists the methods of a path. */
const METHOD_ORDER = ['HEAD', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const NO_PARAMS = Object.freeze({})
const NONE: NoRoute = { kind: 'none' }

/** Literal paths are looked up; patterns have one `:name`, or end in `*name`, and come second. */
export function createRouteTable(routes: readonly Route[]): RouteTable {
  const literal = new Map<string, PathEntry>()
  const patterns: PatternEntry[] = []
  for (const route of routes) {
    const pattern = parsePattern(route.pattern)
    const entry =
      pattern === null ? literal.get(route.pattern) : patterns.find((other) => isSamePattern(other, pattern))
    const path = entry ?? { methods: new Map<string, MatchedRoute>(), wrongMethod: { kind: 'wrong-method', allow: [] } }
    path.methods.set(route.method, { kind: 'route', route, params: NO_PARAMS })
    path.wrongMethod = { kind: 'wrong-method', allow: METHOD_ORDER.filter((method) => path.methods.has(method)) }
    if (entry !== undefined) continue
    if (pattern === null) literal.set(route.pattern, path)
    else patterns.push({ ...path, ...pattern })
  }
  return { match: (method, path) => matchLiteral(literal.get(path), method) ?? matchPattern(patterns, method, path) }
}

interface PathEntry {
  readonly methods: Map<string, MatchedRoute>
  wrongMethod: WrongMethod
}

interface Pattern {
  readonly prefix: string
  readonly name: string
  /** After the name, such as `/drain`. */
  readonly suffix: string
  readonly rest: boolean
}

type PatternEntry = PathEntry & Pattern

function parsePattern(pattern: string): Pattern | null {
  const found = /^([^:*]*\/)(?:\*([a-z]+)|:([a-z]+)((?:\/[^:*]+)?))$/.exec(pattern)
  if (found !== null) {
    const [, prefix = '', rest, name = '', suffix = ''] = found
    return { prefix, name: rest ?? name, suffix, rest: rest !== undefined }
  }
  if (/[:*]/.test(pattern)) throw new Error(`Unsupported route pattern "${pattern}"`)
  return null
}

function isSamePattern(a: Pattern, b: Pattern): boolean {
  return a.prefix === b.prefix && a.suffix === b.suffix
}

function matchLiteral(entry: PathEntry | undefined, method: string): RouteMatch | undefined {
  return entry === undefined ? undefined : (entry.methods.get(method) ?? entry.wrongMethod)
}

function matchPattern(patterns: readonly PatternEntry[], method: string, path: string): RouteMatch {
  for (const pattern of patterns) {
    if (!path.startsWith(pattern.prefix) || !path.endsWith(pattern.suffix)) continue
    const value = path.slice(pattern.prefix.length, path.length - pattern.suffix.length)
    const fits = pattern.rest ? value !== '' && !value.endsWith('/') : value !== '' && !value.includes('/')
    if (!fits) continue
    const found = pattern.methods.get(method)
    if (found === undefined) return pattern.wrongMethod
    // parseRequestTarget left no escape that could fail or hide a separator.
    return { kind: 'route', route: found.route, params: { [pattern.name]: decodeURIComponent(value) } }
  }
  return NONE
}
