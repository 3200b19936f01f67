import type { Dialect } from '../dialects/dialect.ts'
import type { RouteScope } from '../auth/policy.ts'

/** One line of the route table: what a method and path mean, and what it takes to be let in. */
export interface Route {
  readonly method: string
  /** Segments; `:name` matches one non-empty segment, a final `*name` the rest. */
  readonly pattern: string
  /** `open` needs no credential, `self` any key of a user in the store, `session` the cookie of the console. */
  readonly scope: RouteScope
  readonly dialect: Dialect
  readonly kind: RouteKind
  readonly body: 'none' | 'json' | 'stream' | 'multipart'
  /** How an answer that streams is framed; `whole` never streams. */
  readonly stream: 'ndjson' | 'sse' | 'whole'
  /** Whether the answer streams when the body does not say. */
  readonly streamsByDefault: boolean
  /** The path the upstream is asked for, where it is not the client's. */
  readonly upstreamPath?: string
  /** Written into a body that says nothing about `stream`, because the upstream's own default is the opposite. */
  readonly impliedStream?: boolean
  /** Whether a second upstream may be asked when the first one failed before its first byte. */
  readonly retry: boolean
}

/**
 * - `generate`: runs a model.
 * - `model`: reads about one model.
 * - `write`: changes an upstream's models.
 * - `relay`: goes to any upstream as it is.
 * - `own`: answered by Corral itself.
 */
export type RouteKind = 'generate' | 'model' | 'write' | 'relay' | 'own'
