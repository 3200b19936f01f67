import type { Dialect } from '../dialects/dialect.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { checkRequestHead, type RequestHead } from './header-rules.ts'
import { parseRequestTarget, type ParsedTarget } from './request-target.ts'
import type { MatchedRoute, NoRoute, RouteTable, WrongMethod } from './route-match.ts'

export type Admission =
  | { readonly kind: 'admitted'; readonly target: ParsedTarget; readonly match: MatchedRoute | WrongMethod | NoRoute }
  /** The head itself is not acceptable: answer the error and close the connection. */
  | { readonly kind: 'refused'; readonly error: GatewayError; readonly dialect: Dialect }

/** Everything about a request that needs no key to be judged: its head, its target, its route. */
export function admitRequest(head: RequestHead & { readonly target: string }, table: RouteTable): Admission {
  const error = checkRequestHead(head)
  if (error !== null) return { kind: 'refused', error, dialect: dialectOfPath(head.target) }
  const target = parseRequestTarget(head.target)
  if (target.kind === 'bad') {
    const refusal = new GatewayError('bad_request_target', { message: target.reason })
    return { kind: 'refused', error: refusal, dialect: dialectOfPath(head.target) }
  }
  return { kind: 'admitted', target, match: table.match(head.method, target.path) }
}

/** The shape of an error where no route says it. */
export function dialectOfPath(path: string): Dialect {
  if (!path.startsWith('/v1/')) return 'ollama'
  if (path.startsWith('/v1/messages')) return 'anthropic'
  return path.startsWith('/v1/responses') ? 'responses' : 'openai'
}
