import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminRoutes } from '../../../src/admin/routes.ts'
import { scopes, type Scope } from '../../../src/auth/scope.ts'
import { routes } from '../../../src/http/route-table.ts'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

/** What it takes to be let in: written down a second time on purpose, so that no route changes it unnoticed. */
const authority: Readonly<Record<string, Scope | 'open'>> = {
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

  'GET /admin/users': 'admin',
  'POST /admin/users': 'admin',
  'POST /admin/users/disable': 'admin',
  'POST /admin/users/enable': 'admin',
  'GET /admin/keys': 'admin',
  'POST /admin/keys': 'admin',
  'POST /admin/keys/ssh': 'admin',
  'POST /admin/keys/import': 'admin',
  'DELETE /admin/keys/:id': 'admin',
  'GET /admin/status': 'admin',
  'GET /admin/models': 'admin',
  'GET /admin/route/explain': 'admin',
  'GET /admin/openapi.json': 'admin',
}

const table = [...routes, ...adminRoutes].map(({ method, pattern }) => `${method} ${pattern}`)

type Verdict = 'in' | 'no credential' | 'wrong credential' | 'missing scope'

interface Caller {
  /** What the key may do; null is no key. */
  readonly may: readonly Scope[] | null
  /** The key was ended in this way before it is used. */
  readonly dead?: 'expired' | 'revoked' | 'disabled'
  readonly carrier?: 'path'
}

/** `agent` stands alone. */
const everything = scopes.filter((scope) => scope !== 'agent')
const defaults: readonly Scope[] = ['chat', 'embed', 'models:read']

const callers: Readonly<Record<string, Caller>> = {
  nobody: { may: null },
  'a default key': { may: defaults },
  'a default key of another user': { may: defaults },
  ...Object.fromEntries(scopes.map((scope) => [`${scope} alone`, { may: [scope] }])),
  'every scope': { may: everything },
  'every scope in the path': { may: everything, carrier: 'path' },
  'agent in the path': { may: ['agent'], carrier: 'path' },
  'an expired key': { may: everything, dead: 'expired' },
  'a revoked key': { may: everything, dead: 'revoked' },
  'a revoked key of an agent': { may: ['agent'], dead: 'revoked' },
  'a key of a disabled user': { may: everything, dead: 'disabled' },
}

let fake: FakeOllama
let gateway: RunningGateway
const keys = new Map<string, string>()

beforeAll(async () => {
  fake = await startFakeOllama()
  // An address of its own for each request: wrong keys are throttled by it.
  const config = { upstreams: [{ name: 'a', url: fake.url }], trusted_proxies: ['127.0.0.1'] }
  gateway = await startGateway({ config })
  const made = Object.entries(callers).flatMap(([name, caller], index) =>
    caller.may === null ? [] : [{ name, caller, may: caller.may, id: `k${index}` }],
  )
  const root = await gateway.createKey({ name: 'root', scopes: everything })
  const manage = async (method: string, path: string, body: object | null): Promise<Record<string, string>> => {
    const headers = { authorization: `Bearer ${root}` }
    const answer = await fetch(gateway.url + path, { method, headers, body: body && JSON.stringify(body) })
    expect(answer.ok, path).toBe(true)
    return (await answer.json()) as Record<string, string>
  }
  await untilLetIn(root)
  for (const { name, caller, may, id } of made) {
    await manage('POST', '/admin/users', { name: `user-${id}` })
    const ends = caller.dead === 'expired' ? { expires_in_seconds: 1 } : {}
    const key = await manage('POST', '/admin/keys', { name: id, user: `user-${id}`, scopes: may, ...ends })
    keys.set(name, key['secret'] ?? '')
    if (caller.dead === 'revoked') await manage('DELETE', `/admin/keys/${key['id']}`, null)
    if (caller.dead === 'disabled') await manage('POST', '/admin/users/disable', { name: `user-${id}` })
  }
  await new Promise((resolve) => setTimeout(resolve, 1100))
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await fake.stop()
})

async function untilLetIn(key: string): Promise<void> {
  while ((await ask('GET /api/tags', key, undefined)) !== 'in') await new Promise((resolve) => setTimeout(resolve, 50))
}

/** The gateway asks these on its own behalf. */
const fleetPaths = new Set(['/api/version', '/api/tags', '/api/ps'])

/** Harmless where it is let in: no such model, no such key. */
function pathOf(route: string): string {
  const [, pattern = ''] = route.split(' ')
  return pattern.replace(/[:*]\w+$/, pattern.includes('blobs') ? `sha256:${'0'.repeat(64)}` : 'nosuch')
}

let requests = 0

async function ask(route: string, key: string | undefined, carrier: Caller['carrier']): Promise<Verdict> {
  const [method = ''] = route.split(' ')
  const path = pathOf(route)
  const headers: Record<string, string> = { 'x-forwarded-for': `10.0.${requests >> 8}.${requests++ & 255}` }
  if (key !== undefined && carrier === undefined) headers['authorization'] = `Bearer ${key}`
  const body = method === 'POST' || method === 'DELETE' ? '{}' : null
  const base = carrier === 'path' ? `${gateway.url}/k/${key}` : gateway.url
  const answer = await fetch(base + path, { method, headers, body })
  await answer.arrayBuffer()
  const verdicts: Record<string, readonly [number, Verdict]> = {
    no_credential: [401, 'no credential'],
    wrong_credential: [401, 'wrong credential'],
    missing_scope: [403, 'missing scope'],
  }
  const [status, verdict] = verdicts[answer.headers.get('corral-error') ?? ''] ?? [answer.status, 'in']
  expect(answer.status, route).toBe(status)
  expect([401, 403], `${route}: an unknown refusal`).not.toContain(verdict === 'in' ? answer.status : 0)
  return verdict
}

function expected(needs: Scope | 'open', { may, dead, carrier }: Caller): Verdict {
  if (needs === 'open') return 'in'
  if (may === null) return 'no credential'
  if (dead !== undefined) return 'wrong credential'
  const strong = needs === 'admin' || needs === 'metrics' || needs === 'agent'
  return may.includes(needs) && !(carrier === 'path' && strong) ? 'in' : 'missing scope'
}

it('every route has its row, and every row its route', () => {
  expect(table.toSorted()).toEqual(Object.keys(authority).toSorted())
  for (const { method, pattern, scope } of [...routes, ...adminRoutes]) {
    expect(authority[`${method} ${pattern}`]).toBe(scope)
  }
})

describe('who may do what, over the whole route table', () => {
  it.each(Object.entries(callers))('%s', async (name, caller) => {
    fake.counters.reset()
    const verdicts: Record<string, Verdict> = {}
    for (const route of table) verdicts[route] = await ask(route, keys.get(name), caller.carrier)
    const wanted = Object.entries(authority).map(([route, needs]) => [route, expected(needs, caller)])
    expect(verdicts).toEqual(Object.fromEntries(wanted))
    const refused = table.filter((route) => verdicts[route] !== 'in').map(pathOf)
    const seen = refused.filter((path) => !fleetPaths.has(path) && fake.counters.requestsTo(path).length > 0)
    expect(seen, 'refused and yet at the upstream').toEqual([])
  })
})
