import { send, type Answer } from './answer.ts'
import type { ErrorShape } from './error-shape.ts'
import type { Exchange } from './exchange.ts'

export type Handler = (exchange: Exchange) => Promise<void>

export interface FakeRoute {
  readonly method: string
  readonly pattern: string
  readonly errors: ErrorShape
  readonly handle: Handler
}

export type RouteMatch =
  | { readonly kind: 'found'; readonly route: FakeRoute; readonly params: Readonly<Record<string, string>> }
  | { readonly kind: 'other'; answer(answer: Answer): Promise<void> }

/** gin's routing: on decoded segments, with 405 for a known path and a redirect that drops a trailing slash. */
export function matchRoute(routes: readonly FakeRoute[], method: string, target: string): RouteMatch {
  const path = decoded(target.split('?', 1)[0] ?? '')
  const fitting = routes.flatMap((route) => {
    const params = matchPattern(route.pattern, path)
    return params === undefined ? [] : [{ route, params }]
  })
  const found = fitting.find(({ route }) => route.method === method)
  if (found !== undefined) return { kind: 'found', ...found }
  const bare = path.replace(/\/$/, '')
  if (path !== '/' && bare !== path && routes.some((r) => r.method === method && matchPattern(r.pattern, bare))) {
    return { kind: 'other', answer: (answer) => redirect(answer, method, bare) }
  }
  const allowed = fitting.map(({ route }) => route.method)
  return { kind: 'other', answer: (answer) => notFound(answer, allowed) }
}

export function methodsOf(routes: readonly FakeRoute[], target: string): string[] {
  const path = decoded(target.split('?', 1)[0] ?? '')
  return routes.filter((route) => matchPattern(route.pattern, path) !== undefined).map((route) => route.method)
}

function matchPattern(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? ''
    if (segment.startsWith(':') && value !== '') params[segment.slice(1)] = value
    else if (segment !== value) return undefined
  }
  return params
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function notFound(answer: Answer, allowed: readonly string[]): Promise<void> {
  if (allowed.length === 0) return send(answer, 404, { type: 'text/plain', body: '404 page not found' })
  return send(answer, 405, {
    headers: [
      ['Allow', allowed.join(', ')],
      ['Content-Type', 'text/plain'],
    ],
    body: '405 method not allowed',
  })
}

function redirect(answer: Answer, method: string, location: string): Promise<void> {
  const reads = method === 'GET' || method === 'HEAD'
  const body = reads ? `<a href="${location}">Moved Permanently</a>.\n\n` : ''
  return send(answer, reads ? 301 : 307, {
    headers: [...(reads ? [['Content-Type', 'text/html; charset=utf-8'] as const] : []), ['Location', location]],
    body,
  })
}
