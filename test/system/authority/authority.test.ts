import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { adminRoutes, adminStreams } from '../../../src/admin/routes.ts'
import { routes } from '../../../src/http/route-table.ts'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { openRaw } from '../../faults/raw-connection.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { authority, callers, everything, expected, type Caller, type Verdict } from './authority-table.ts'

const allRoutes = [...routes, ...adminRoutes, ...adminStreams]
const table = allRoutes.map(({ method, pattern }) => `${method} ${pattern}`)

let fake: FakeOllama
let gateway: RunningGateway
let root: string
const keys = new Map<string, string>()

async function manage(method: string, path: string, body: object | null): Promise<Record<string, string>> {
  const headers = { authorization: `Bearer ${root}` }
  const answer = await fetch(gateway.url + path, { method, headers, body: body && JSON.stringify(body) })
  const said = await answer.json()
  expect(answer.ok, `${method} ${path}: ${JSON.stringify(said)}`).toBe(true)
  return said as Record<string, string>
}

async function makeCaller(name: string, caller: Caller, id: string): Promise<void> {
  const user = `user-${id}`
  await manage('POST', '/admin/users', { name: user, role: caller.role ?? 'member' })
  const ends = caller.dead === 'expired' ? { expires_in_seconds: 1 } : {}
  const key = await manage('POST', '/admin/keys', { name: id, user, scopes: caller.may, ...ends })
  keys.set(name, key['secret'] ?? '')
  if (caller.dead === 'revoked') await manage('DELETE', `/admin/keys/${key['id']}`, null)
  if (caller.dead === 'disabled') await manage('POST', '/admin/users/disable', { name: user })
  if (caller.dead === 'deleted') await manage('DELETE', `/admin/users/${user}`, null)
  if (caller.dead === 'replaced') await manage('POST', '/admin/keys/rotate', { key: id, overlap_seconds: 0 })
}

beforeAll(async () => {
  fake = await startFakeOllama()
  // An address of its own for each request: wrong keys are throttled by it.
  const config = { upstreams: [{ name: 'a', url: fake.url }], trusted_proxies: ['127.0.0.1'] }
  gateway = await startGateway({ config })
  root = await gateway.createKey({ name: 'root', scopes: everything })
  for (const [index, [name, caller]] of Object.entries(callers).entries()) {
    if (caller.may !== null) await makeCaller(name, caller, `k${index}`)
  }
  await vi.waitFor(isExpired, { timeout: 5000 })
}, 60_000)

async function isExpired(): Promise<void> {
  expect(await ask('GET /api/tags', { key: keys.get('expired') })).toBe('wrong credential')
}

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await fake.stop()
})

/** The gateway asks these on its own behalf. */
const fleetPaths = new Set(['/api/version', '/api/tags', '/api/ps'])

/** Harmless where it is let in: no such model, no such key. */
function pathOf(route: string): string {
  const [, pattern = ''] = route.split(' ')
  return pattern.replace(/[:*]\w+$/, pattern.includes('blobs') ? `sha256:${'0'.repeat(64)}` : 'nosuch')
}

let requests = 0

/** What is looked at before the rights are would answer for them. */
function bodyOf(route: string): string {
  if (route === 'POST /admin/me/keys') return JSON.stringify({ name: `mine-${requests}` })
  return route === 'POST /admin/me/keys/rotate' ? '{"key":"nosuch"}' : '{}'
}

interface Asking {
  readonly key?: string | undefined
  readonly carrier?: Caller['carrier']
}

const verdicts: Readonly<Record<string, readonly [number, Verdict]>> = {
  no_session: [401, 'no session'],
  no_credential: [401, 'no credential'],
  wrong_credential: [401, 'wrong credential'],
  missing_scope: [403, 'missing scope'],
}

function verdictOf(route: string, status: number, code: string): Verdict {
  const [wanted, verdict] = verdicts[code] ?? [status, 'in']
  expect(status, route).toBe(wanted)
  expect([401, 403], `${route}: an unknown refusal ${code}`).not.toContain(verdict === 'in' ? status : 0)
  return verdict
}

function addressed({ key, carrier }: Asking): { readonly prefix: string; readonly headers: Record<string, string> } {
  const headers: Record<string, string> = { 'x-forwarded-for': `10.0.${requests >> 8}.${requests++ & 255}` }
  if (key !== undefined && carrier === undefined) headers['authorization'] = `Bearer ${key}`
  return { prefix: carrier === 'path' ? `/k/${key}` : '', headers }
}

async function ask(route: string, asking: Asking): Promise<Verdict> {
  const [method = ''] = route.split(' ')
  const body = method === 'POST' || method === 'DELETE' ? bodyOf(route) : null
  const { prefix, headers } = addressed(asking)
  const answer = await fetch(gateway.url + prefix + pathOf(route), { method, headers, body })
  // Events go on for ever.
  if (answer.headers.get('content-type')?.startsWith('text/event-stream')) await answer.body?.cancel()
  else await answer.arrayBuffer()
  return verdictOf(route, answer.status, answer.headers.get('corral-error') ?? '')
}

/** The same as a WebSocket asks for it. */
async function askToUpgrade(route: string, asking: Asking): Promise<Verdict> {
  const { prefix, headers } = addressed(asking)
  const fields = Object.entries({ ...headers, ...HANDSHAKE }).map(([name, value]) => `${name}: ${value}\r\n`)
  using raw = await openRaw(gateway.url)
  raw.write(`GET ${prefix}${pathOf(route)} HTTP/1.1\r\nHost: gw\r\n${fields.join('')}\r\n`)
  const head = await raw.until('\r\n\r\n')
  const code = /^corral-error: (\w+)/im.exec(head)?.[1] ?? ''
  return verdictOf(route, Number(head.slice(9, 12)), code)
}

const HANDSHAKE = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
}

it('every route has its row, and every row its route', () => {
  expect(table.toSorted()).toEqual(Object.keys(authority).toSorted())
  for (const { method, pattern, scope } of allRoutes) {
    const need = authority[`${method} ${pattern}`]
    expect(need === 'own keys' ? 'self' : need, pattern).toBe(scope)
  }
})

describe('who may do what, over the whole route table', () => {
  it.each(Object.entries(callers))('%s', async (name, caller) => {
    fake.counters.reset()
    const asking = { key: keys.get(name), carrier: caller.carrier }
    const said: Record<string, Verdict> = {}
    for (const route of table) said[route] = await ask(route, asking)
    const wanted = Object.entries(authority).map(([route, need]) => [route, expected(need, caller)])
    expect(said).toEqual(Object.fromEntries(wanted))
    const refused = table.filter((route) => said[route] !== 'in').map(pathOf)
    const seen = refused.filter((path) => !fleetPaths.has(path) && fake.counters.requestsTo(path).length > 0)
    expect(seen, 'refused and yet at the upstream').toEqual([])
  })

  it.each(Object.entries(callers))('%s, asking for a WebSocket', async (name, caller) => {
    const asking = { key: keys.get(name), carrier: caller.carrier }
    for (const route of table.filter((each) => each.startsWith('GET '))) {
      const need = authority[route] ?? 'open'
      // Which keys are whose is looked at by the handlers, which no upgrade gets to.
      const wanted = expected(need === 'own keys' ? 'self' : need, caller)
      expect([route, await askToUpgrade(route, asking)]).toEqual([route, wanted])
    }
  })
})

describe("a member's own keys", () => {
  interface Answer {
    readonly status: number
    readonly body: Record<string, unknown>
  }

  async function as(name: string, method: string, path: string, body?: object): Promise<Answer> {
    const headers = { authorization: `Bearer ${keys.get(name)}` }
    const answer = await fetch(gateway.url + path, { method, headers, body: body ? JSON.stringify(body) : null })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }

  it('are made, rotated and revoked by the member alone', async () => {
    const made = await as('member', 'POST', '/admin/me/keys', { name: 'laptop' })
    expect(made).toMatchObject({ status: 201, body: { scopes: ['chat', 'embed', 'models:read'] } })
    const id = String(made.body['id'])
    for (const other of ['other member', 'admin']) {
      expect((await as(other, 'DELETE', `/admin/me/keys/${id}`)).status, other).toBe(404)
      expect((await as(other, 'DELETE', '/admin/me/keys/laptop')).status, other).toBe(404)
      expect((await as(other, 'POST', '/admin/me/keys/rotate', { key: 'laptop' })).status, other).toBe(404)
      const listed = (await as(other, 'GET', '/admin/me/keys')).body as unknown as { id: string }[]
      expect(listed.map((key) => key.id)).not.toContain(id)
    }
    const rotated = await as('member', 'POST', '/admin/me/keys/rotate', { key: 'laptop' })
    expect(rotated).toMatchObject({ status: 200, body: { id, old_secret_until: expect.any(String) } })
    for (const secret of [made.body['secret'], rotated.body['secret']])
      expect(await ask('GET /api/tags', { key: String(secret) })).toBe('in')
    expect(await as('member', 'DELETE', `/admin/me/keys/${id}`)).toMatchObject({ body: { state: 'revoked' } })
    for (const secret of [made.body['secret'], rotated.body['secret']])
      expect(await ask('GET /api/tags', { key: String(secret) })).toBe('wrong credential')
  })

  it.each([
    [{ scopes: ['admin'] }, 'A key without scope "admin" cannot grant it'],
    [{ scopes: ['models:write'] }, 'A key without scope "models:write" cannot grant it'],
    [{ models: ['*:cloud'] }, 'A key cannot grant models beyond its own'],
    [{ class: 'interactive', weight: 2 }, 'cannot grant a better place in the queue'],
    [{ user: 'admin' }, 'There is no field "user"'],
  ])('are never more than the key that makes them: %j', async (terms, sentence) => {
    const { status, body } = await as('member', 'POST', '/admin/me/keys', { name: 'more', ...terms })
    expect([400, 403]).toContain(status)
    expect(body['error']).toContain(sentence)
  })

  it('say who the member is', async () => {
    const { body } = await as('member', 'GET', '/admin/me')
    expect(body).toMatchObject({ user: { role: 'member', limits: {} }, key: { state: 'active', kind: 'key' } })
    expect(JSON.stringify(body)).not.toContain('digest')
  })
})

describe('keys that are limited', () => {
  it('rotate, change and make nothing that is stronger', async () => {
    const limits = { requests_per_minute: 5 }
    const narrow = { name: 'narrow', scopes: ['admin', 'chat'], models: ['tiny'], limits }
    keys.set('narrow', (await manage('POST', '/admin/keys', narrow))['secret'] ?? '')
    const headers = { authorization: `Bearer ${keys.get('narrow')}` }
    const tried: [string, object][] = [
      ['/admin/keys/rotate', { key: 'root' }],
      ['/admin/keys/change', { key: 'narrow', limits: { requests_per_minute: 6 } }],
      ['/admin/keys/change', { key: 'narrow', limits: null }],
      ['/admin/keys/change', { key: 'narrow', models: null }],
      ['/admin/keys', { name: 'wide', scopes: ['chat'], models: ['tiny'] }],
      ['/admin/keys', { name: 'wide', scopes: ['chat'], models: ['tiny'], limits: { requests_per_minute: 6 } }],
      ['/admin/me/keys', { name: 'wide', scopes: ['chat'], limits: null }],
      ['/admin/users/change', { name: 'user-k1', limits: null }],
    ]
    for (const [path, body] of tried) {
      const answer = await fetch(gateway.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
      expect([path, body, answer.status]).toEqual([path, body, 403])
    }
    const allowed = { name: 'same', scopes: ['chat'], models: ['tiny'], limits }
    const made = await fetch(`${gateway.url}/admin/keys`, { method: 'POST', headers, body: JSON.stringify(allowed) })
    expect(made.status).toBe(201)
  })
})
