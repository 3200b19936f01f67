import { scopes, type Scope } from '../../../src/auth/scope.ts'

/**
 * What it takes to be let in. `self`: any key of a user in the store, in a header. `own keys`: the same, but for a key
 * that opens nothing but the tunnel or the metrics. `session`: the cookie of the console, and no key at all.
 */
export type Need = Scope | 'open' | 'self' | 'own keys' | 'session'

/** Written down a second time on purpose, so that no route changes it unnoticed. */
export const authority: Readonly<Record<string, Need>> = {
  'GET /': 'open',
  'HEAD /': 'open',
  'GET /api/version': 'open',
  'HEAD /api/version': 'open',
  'GET /health': 'open',
  'HEAD /health': 'open',
  'GET /livez': 'open',
  'HEAD /livez': 'open',
  'GET /readyz': 'open',
  'HEAD /readyz': 'open',

  'GET /api/tags': 'models:read',
  'HEAD /api/tags': 'models:read',
  'GET /api/ps': 'models:read',
  'POST /api/show': 'models:read',
  'GET /api/status': 'models:read',
  'GET /api/experimental/model-recommendations': 'models:read',
  'GET /v1/models': 'models:read',
  'GET /v1/models/*name': 'models:read',

  'POST /api/generate': 'chat',
  'POST /api/chat': 'chat',
  'POST /call_model': 'chat',
  'POST /v1/chat/completions': 'chat',
  'POST /v1/completions': 'chat',
  'POST /v1/audio/transcriptions': 'chat',
  'POST /v1/responses': 'chat',
  'POST /v1/messages': 'chat',
  'POST /v1/messages/count_tokens': 'chat',

  'POST /api/embed': 'embed',
  'POST /api/embeddings': 'embed',
  'POST /v1/embeddings': 'embed',

  'POST /api/pull': 'models:write',
  'POST /api/push': 'models:write',
  'POST /api/create': 'models:write',
  'POST /api/copy': 'models:write',
  'DELETE /api/delete': 'models:write',
  'HEAD /api/blobs/:digest': 'models:write',
  'POST /api/blobs/:digest': 'models:write',

  'GET /agent/v1': 'agent',
  'POST /agent/v1/sse': 'agent',
  'POST /agent/v1/up': 'agent',

  'GET /metrics': 'metrics',
  'HEAD /metrics': 'metrics',

  'GET /admin/me': 'self',
  'GET /admin/me/keys': 'own keys',
  'POST /admin/me/keys': 'own keys',
  'POST /admin/me/keys/rotate': 'own keys',
  'DELETE /admin/me/keys/:id': 'own keys',
  'GET /admin/me/usage': 'own keys',
  'GET /admin/exchanges': 'own keys',
  'DELETE /admin/exchanges/:id': 'own keys',
  'GET /admin/live': 'own keys',

  'GET /admin/users': 'admin',
  'POST /admin/users': 'admin',
  'GET /admin/users/:id': 'admin',
  'POST /admin/users/change': 'admin',
  'POST /admin/users/disable': 'admin',
  'POST /admin/users/enable': 'admin',
  'DELETE /admin/users/:id': 'admin',
  'GET /admin/keys': 'admin',
  'POST /admin/keys': 'admin',
  'GET /admin/keys/:id': 'admin',
  'POST /admin/keys/change': 'admin',
  'POST /admin/keys/rotate': 'admin',
  'POST /admin/keys/ssh': 'admin',
  'POST /admin/keys/import': 'admin',
  'DELETE /admin/keys/:id': 'admin',
  'GET /admin/audit': 'admin',
  'GET /admin/usage': 'admin',
  'GET /admin/logs': 'admin',
  'GET /admin/config': 'admin',
  'GET /admin/status': 'admin',
  'GET /admin/models': 'admin',
  'POST /admin/models/pull': 'admin',
  'POST /admin/models/delete': 'admin',
  'POST /admin/models/sync': 'admin',
  'GET /admin/jobs': 'admin',
  'DELETE /admin/jobs/:id': 'admin',
  'POST /admin/upstreams': 'admin',
  'DELETE /admin/upstreams/:name': 'admin',
  'POST /admin/upstreams/:name/drain': 'admin',
  'POST /admin/upstreams/:name/disable': 'admin',
  'POST /admin/upstreams/:name/enable': 'admin',
  'POST /admin/upstreams/:name/wake': 'admin',
  'GET /admin/route/explain': 'admin',
  'GET /admin/openapi.json': 'admin',

  'GET /console': 'open',
  'HEAD /console': 'open',
  'GET /console/': 'open',
  'HEAD /console/': 'open',
  'GET /console/*path': 'open',
  'POST /console/session': 'open',
  'GET /console/session': 'session',
  'DELETE /console/session': 'session',
  'POST /admin/playground/chat': 'chat',
  'GET /admin/playground/models': 'models:read',
  'POST /admin/console-links': 'own keys',
}

export type Verdict = 'in' | 'no session' | 'no credential' | 'wrong credential' | 'missing scope'

export interface Caller {
  /** What the key may do; null is no key. */
  readonly may: readonly Scope[] | null
  readonly role?: 'admin'
  /** The key was ended in this way before it is used. */
  readonly dead?: 'expired' | 'revoked' | 'disabled' | 'deleted' | 'replaced'
  readonly carrier?: 'path'
  /** Whether docs/users.md shows a column of it. */
  readonly shown?: true
}

/** `agent` stands alone. */
export const everything = scopes.filter((scope) => scope !== 'agent')
const defaults: readonly Scope[] = ['chat', 'embed', 'models:read']
const admin = { may: everything, role: 'admin' } as const
const agent = { may: ['agent'], role: 'admin' } as const

export const callers: Readonly<Record<string, Caller>> = {
  none: { may: null, shown: true },
  member: { may: defaults, shown: true },
  'other member': { may: defaults },
  admin: { ...admin, shown: true },
  agent: { ...agent, shown: true },
  metrics: { may: ['metrics'], role: 'admin', shown: true },
  ...Object.fromEntries(everything.map((scope) => [`${scope} alone`, { may: [scope], role: 'admin' }])),
  'member in the path': { may: defaults, carrier: 'path' },
  'admin in the path': { ...admin, carrier: 'path', shown: true },
  'agent in the path': { ...agent, carrier: 'path' },
  expired: { ...admin, dead: 'expired', shown: true },
  revoked: { ...admin, dead: 'revoked', shown: true },
  'revoked agent': { ...agent, dead: 'revoked' },
  disabled: { ...admin, dead: 'disabled', shown: true },
  deleted: { ...admin, dead: 'deleted', shown: true },
  replaced: { ...admin, dead: 'replaced' },
}

/** What a caller is told at a route that needs this. */
export function expected(need: Need, { may, dead, carrier }: Caller): Verdict {
  if (need === 'open') return 'in'
  if (need === 'session') return 'no session'
  if (may === null) return 'no credential'
  if (dead !== undefined) return 'wrong credential'
  const isStrong = !['chat', 'embed', 'models:read', 'models:write'].includes(need)
  return holds(need, may) && !(carrier === 'path' && isStrong) ? 'in' : 'missing scope'
}

function holds(need: Exclude<Need, 'open' | 'session'>, may: readonly Scope[]): boolean {
  if (need === 'self') return true
  return need === 'own keys' ? may.some((scope) => scope !== 'agent' && scope !== 'metrics') : may.includes(need)
}
