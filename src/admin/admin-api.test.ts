import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditEntry } from '../auth/audit.ts'
import type { Creator } from '../auth/granting.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { LimitUse } from '../limits/limit-use.ts'
import { openStore, type Store } from '../store/open-store.ts'
import type { RouteExplanation } from '../routing/selection/explanation.ts'
import type { RouteQuestion } from '../routing/routing.ts'
import { unaskedDeps } from './__fixtures__/unasked-deps.ts'
import { createAdminApi, type AdminApi } from './admin-api.ts'
import type { FleetModels } from './model-schemas.ts'
import { maxBodyBytes } from './parse-input.ts'

const noTokens = { prompt_tokens: 0, completion_tokens: 0, cost: 0 }
const ledgerStatus = {
  policy: 'best-effort' as const,
  written: 0,
  waiting: 0,
  lag_ms: 0,
  lost: 0,
  failing_since: null,
  problem: null,
}
const now = Date.parse('2026-11-21T12:00:00Z')
const clock = { now: () => now }
const limited: Creator = {
  user: 'ada',
  keyId: 'key_1',
  keyName: 'ada',
  scopes: new Set(['admin', 'chat'] as const),
  models: ['qwen3:*'],
  upstreams: ['gpu-1'],
  pools: null,
  expiresAt: now + 60_000,
}

let folder: string
let store: Store
let api: AdminApi
let changes: number
let refused: AuditEntry[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corral-admin-'))
  store = await openStore('sqlite:corral.db', { cwd: folder, clock })
  changes = 0
  refused = []
  const status = {
    version: '1.2.3',
    started_at: new Date(now).toISOString(),
    uptime_seconds: 0,
    upstreams: [],
    queue: { waiting: 0, longest_wait_ms: 0, models: [] },
    store: { problem: null },
    ledger: ledgerStatus,
  }
  api = createAdminApi({
    ...unaskedDeps,
    store,
    clock,
    status: () => status,
    explain: explainHaving('openai', 'gpt-4o'),
    models: () => ({ upstreams: [upstreamModels('gpu-1'), upstreamModels('gpu-2', 'home'), upstreamModels('gpu-3')] }),
    pools: () => ['default', 'home'],
    usage: async (query) => [{ user: 'ada', requests: query.by.length, errors: 0, ...noTokens }],
    limitUses: async (of) => [useOf(of === 'everybody' ? 'tiny' : of.keyName)],
    changed: async () => void changes++,
    refused: (entry) => void refused.push(entry),
  })
})

afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

function upstreamModels(name: string, pool: string | null = null): FleetModels['upstreams'][number] {
  const unsaid = { parameters: null, quantization: null, modified_at: null }
  const models = [{ name: 'qwen3:8b', size: 5e9, digest: 'aa', loaded: false, ...unsaid }]
  return { name, pool, provider: false, state: 'up', fault: null, models, desired: null, assigned: [] }
}

interface Call {
  readonly body?: unknown
  readonly raw?: Uint8Array
  readonly query?: string
  readonly params?: Record<string, string>
  readonly principal?: Creator
}

/** One upstream that has one model and speaks one API, and is asked in it alone. */
function explainHaving(spoken: string, has: string): (question: RouteQuestion) => Promise<RouteExplanation> {
  return async ({ model, promptTokens, principal, dialect }) => {
    const eligible = dialect === spoken && model === has
    const expected = { queue: 0, load: 1 / 3, prefill: promptTokens / 3, network: 1, total: promptTokens / 3 + 4 / 3 }
    const verdict = { name: 'far', eligible, reason: eligible ? 'selected' : `no ${dialect}` }
    const isReached = principal.upstreams?.includes('far') !== false
    return {
      model,
      selected: eligible ? 'far' : null,
      asked: model,
      because: null,
      missing: false,
      insteadOf: null,
      upstreams: isReached ? [{ ...verdict, expected: eligible ? expected : null }] : [],
    }
  }
}

async function call(name: string, { body, raw, query = '', params = {}, principal = 'operator' }: Call = {}) {
  const [method, pattern] = name.split(' ')
  const route = api.routes.find((candidate) => candidate.method === method && candidate.pattern === pattern)
  if (route === undefined) throw new Error(`no route ${name}`)
  const bytes = raw ?? (body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body)))
  const answer = await api.handle(route, { query, params, body: bytes, principal })
  return { status: answer.status, text: answer.body, json: JSON.parse(answer.body) }
}

async function failure(name: string, options: Call = {}): Promise<string> {
  const error = await call(name, options).then(
    () => new Error('it was accepted'),
    (reason: unknown) => reason,
  )
  return error instanceof GatewayError ? `${error.code}: ${error.message}` : String(error)
}

const useOf = (name: string): LimitUse => ({
  ...{ scope: 'model', name, kind: 'tokensPerDay', limit: 500, used: 20, reserved: 4 },
  endsAt: Date.UTC(2026, 10, 22),
})

describe('users', () => {
  it('are created with a first key whose secret is in the answer alone', async () => {
    const created = await call('POST /admin/users', { body: { name: 'ada' } })
    expect(created.status).toBe(201)
    expect(created.json.user).toMatchObject({ name: 'ada', state: 'active', active_keys: 1 })
    expect(created.json.key).toMatchObject({
      name: 'ada',
      user: 'ada',
      scopes: ['chat', 'embed', 'models:read'],
      state: 'active',
    })
    const { secret } = created.json.key
    expect(secret).toMatch(/^crl_/)
    const [record] = await store.listKeys()
    for (const list of ['GET /admin/users', 'GET /admin/keys']) {
      const { text } = await call(list)
      expect(text).not.toContain(secret)
      expect(text).not.toContain(record?.digest)
    }
  })

  it('get a key of another name when theirs is taken', async () => {
    await call('POST /admin/keys', { body: { name: 'ada' } })
    const created = await call('POST /admin/users', { body: { name: 'ada' } })
    expect(created.json.key.name).toBe('ada-2')
  })

  it('take their keys with them when disabled and bring them back when enabled', async () => {
    await call('POST /admin/users', { body: { name: 'ada' } })
    const disabled = await call('POST /admin/users/disable', { body: { name: 'ada' } })
    expect(disabled.json).toMatchObject({ state: 'disabled', active_keys: 0 })
    expect((await call('GET /admin/keys')).json[0].state).toBe('disabled')
    await call('POST /admin/users/enable', { body: { name: 'ada' } })
    expect((await call('GET /admin/keys')).json[0].state).toBe('active')
    expect(changes).toBe(3)
  })

  it('cannot be disabled when there are none of that name', async () => {
    expect(await failure('POST /admin/users/disable', { body: { name: 'bob' } })).toBe(
      'not_found: There is no user "bob"',
    )
    expect(changes).toBe(0)
  })
})

describe('keys', () => {
  it('belong to the user admin when nobody is named, who is made on the way', async () => {
    const created = await call('POST /admin/keys', { body: { name: 'laptop' } })
    expect(created.json.user).toBe('admin')
    await call('POST /admin/keys', { body: { name: 'phone', format: 'ollama-uuid' } })
    expect((await call('GET /admin/users')).json).toHaveLength(1)
  })

  it('are not made for an unknown user', async () => {
    const body = { name: 'laptop', user: 'bob' }
    expect(await failure('POST /admin/keys', { body })).toBe('not_found: There is no user "bob"')
    expect((await call('GET /admin/keys')).json).toEqual([])
  })

  it('carry their limits and end by themselves', async () => {
    const body = {
      name: 'guest',
      scopes: ['chat'],
      models: ['qwen3:8b'],
      upstreams: ['gpu-1'],
      expires_in_seconds: 3600,
    }
    const { json } = await call('POST /admin/keys', { body })
    expect(json).toMatchObject({
      scopes: ['chat'],
      models: ['qwen3:8b'],
      upstreams: ['gpu-1'],
      expires_at: '2026-11-21T13:00:00.000Z',
    })
  })

  it('are listed for one user', async () => {
    await call('POST /admin/users', { body: { name: 'ada' } })
    await call('POST /admin/keys', { body: { name: 'laptop' } })
    const { json } = await call('GET /admin/keys', { query: 'user=ada&ts=1' })
    expect(json.map((key: { name: string }) => key.name)).toEqual(['ada'])
  })

  it('are revoked by id or by name', async () => {
    const { json } = await call('POST /admin/keys', { body: { name: 'laptop' } })
    await call('POST /admin/keys', { body: { name: 'phone' } })
    expect((await call('DELETE /admin/keys/:id', { params: { id: json.id } })).json.state).toBe('revoked')
    expect((await call('DELETE /admin/keys/:id', { params: { id: 'phone' } })).json.name).toBe('phone')
    expect(await failure('DELETE /admin/keys/:id', { params: { id: 'phone' } })).toBe(
      'not_found: There is no key "phone"',
    )
  })

  it('are enrolled from an ed25519 public key and from nothing else', async () => {
    const line = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)} me@laptop`
    const created = await call('POST /admin/keys/ssh', { body: { name: 'laptop', public_key: line } })
    expect(created.json).toMatchObject({ kind: 'ssh', state: 'active' })
    expect(created.json).not.toHaveProperty('secret')
    const body = { name: 'other', public_key: 'ssh-rsa AAAA me' }
    expect(await failure('POST /admin/keys/ssh', { body })).toMatch(/^invalid_input: .*ssh-ed25519/)
  })

  it('are imported once', async () => {
    const body = { text: JSON.stringify(['OLLAMA-6f9619ff-8b86-4011-b42d-00c04fc964ff']) }
    const first = await call('POST /admin/keys/import', { body })
    const second = await call('POST /admin/keys/import', { body })
    expect([first.json.imported.length, second.json.imported.length, second.json.known]).toEqual([1, 0, 1])
  })
})

describe('a change', () => {
  it('that fails half way leaves nothing behind, and tells nobody to look again', async () => {
    const body = { name: 'ada', scopes: ['chat'], models: ['a b'] }
    expect(await failure('POST /admin/users', { body })).toContain('"a b" is not a model name or pattern')
    expect(await store.listUsers()).toEqual([])
    expect(await store.listAudit({ since: 0, limit: 9 })).toEqual([])
    const list = { text: '["OLLAMA-6f9619ff-8b86-4011-b42d-00c04fc964ff"]', scopes: ['agent'], models: ['x'] }
    expect(await failure('POST /admin/keys/import', { body: list })).toContain('takes neither models nor')
    expect([await store.listUsers(), changes]).toEqual([[], 0])
  })

  it('is told to the audit log with who asked for it', async () => {
    const body = { name: 'x', scopes: ['chat'], models: ['qwen3:8b'], upstreams: ['gpu-1'], expires_in_seconds: 10 }
    await call('POST /admin/keys', { body, principal: limited })
    const { json } = await call('GET /admin/audit', { query: 'limit=5' })
    expect(json).toMatchObject([
      {
        user: 'ada',
        key: 'ada',
        key_id: 'key_1',
        action: 'key.create',
        subject: 'x',
        detail: { models: ['qwen3:8b'] },
      },
    ])
    expect(refused).toEqual([])
  })

  it('is told to it as well when the caller may not', async () => {
    await failure('POST /admin/keys', { body: { name: 'x', scopes: ['embed'] }, principal: limited })
    expect(refused).toMatchObject([
      {
        actor: { user: 'ada' },
        action: 'refused',
        subject: 'POST /admin/keys',
        detail: { reason: expect.any(String) },
      },
    ])
  })

  it('is one transaction with its line in every route that changes anything', () => {
    const silent = api.routes.filter(({ method, changes: flag }) => method !== 'GET' && flag === undefined)
    expect(silent.map(({ method, pattern }) => `${method} ${pattern}`)).toEqual([])
  })

  it('of a user narrows keys, and revokes those that had nothing else', async () => {
    await call('POST /admin/users', { body: { name: 'ada', role: 'admin', scopes: ['chat', 'admin'] } })
    await call('POST /admin/keys', { body: { name: 'home', user: 'ada', scopes: ['agent'] } })
    const { json } = await call('POST /admin/users/change', { body: { name: 'ada', role: 'member' } })
    expect(json).toMatchObject({ role: 'member', active_keys: 1 })
    const { json: shown } = await call('GET /admin/users/:id', { params: { id: 'ada' } })
    expect(shown.keys).toMatchObject([{ scopes: ['chat'], state: 'active' }, { state: 'revoked' }])
    await call('POST /admin/users/change', { body: { name: 'ada', role: 'admin' } })
    expect((await call('GET /admin/keys/:id', { params: { id: 'ada' } })).json.scopes).toEqual(['chat'])
  })
})

describe('keys in the queue', () => {
  it('have a class and a weight, plain unless said', async () => {
    const plain = await call('POST /admin/keys', { body: { name: 'plain' } })
    expect(plain.json).toMatchObject({ class: 'interactive', weight: 1 })
    const night = await call('POST /admin/keys', { body: { name: 'night', class: 'batch', weight: 3 } })
    expect(night.json).toMatchObject({ class: 'batch', weight: 3 })
    const user = await call('POST /admin/users', { body: { name: 'bob', weight: 2 } })
    expect(user.json.key).toMatchObject({ class: 'interactive', weight: 2 })
    const ssh = { public_key: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}`, name: 'ssh', class: 'batch' }
    expect((await call('POST /admin/keys/ssh', { body: ssh })).json).toMatchObject({ class: 'batch', weight: 1 })
    const listed = await call('GET /admin/keys')
    expect(listed.json.map((key: { weight: unknown }) => key.weight)).toEqual([1, 3, 2, 1])
  })

  it.each([
    [{ class: 'first' }, 'class'],
    [{ weight: 0 }, 'weight'],
    [{ weight: 101 }, 'weight'],
    [{ weight: 1.5 }, 'weight'],
    [{ weight: '2' }, 'weight'],
    [{ scopes: ['agent'], class: 'batch' }, 'A key of an agent sends no requests: it takes neither a class nor'],
    [{ scopes: ['agent'], weight: 2 }, 'A key of an agent sends no requests'],
  ])('are refused with %j', async (terms, sentence) => {
    expect(await failure('POST /admin/keys', { body: { name: 'x', ...terms } })).toContain(sentence)
    expect(await store.listKeys()).toEqual([])
  })
})

describe('keys of agents', () => {
  it('carry the pools that they name, or the default one', async () => {
    const home = await call('POST /admin/keys', {
      body: { name: 'home', scopes: ['agent'], pools: ['home', 'default'] },
    })
    expect(home.json).toMatchObject({ scopes: ['agent'], pools: ['home', 'default'], models: null, upstreams: null })
    const plain = await call('POST /admin/keys', { body: { name: 'plain', scopes: ['agent'] } })
    expect(plain.json.pools).toEqual(['default'])
    const client = await call('POST /admin/keys', { body: { name: 'client' } })
    expect(client.json.pools).toBeNull()
    const listed = await call('GET /admin/keys')
    expect(listed.json.map((key: { pools: unknown }) => key.pools)).toEqual([['home', 'default'], ['default'], null])
  })

  it.each([
    [{ scopes: ['agent'], pools: ['lab'] }, 'The config has no pool "lab" under agents.pools; it has default, home'],
    [{ scopes: ['agent', 'chat'] }, 'A key of an agent has the scope "agent" alone: make two keys'],
    [{ pools: ['home'] }, 'Pools are for keys of agents: give it the scope "agent", or leave the pools out'],
    [{ scopes: ['agent'], models: ['*'] }, 'A key of an agent takes neither models nor upstreams: '],
    [{ scopes: ['agent'], upstreams: ['a'] }, 'A key of an agent takes neither models nor upstreams: '],
  ])('are refused with %j', async (terms, sentence) => {
    const reason = await failure('POST /admin/keys', { body: { name: 'x', ...terms } })
    expect(reason).toContain(`invalid_input: ${sentence}`)
    expect(await store.listKeys()).toEqual([])
  })

  it('are made by an admin without limits, and by nobody else', async () => {
    const body = { name: 'x', scopes: ['agent'] }
    const admin = { ...limited, models: null, upstreams: null, expiresAt: null }
    const user = { ...admin, scopes: new Set(['chat'] as const) }
    const agent = { ...admin, scopes: new Set(['agent'] as const), pools: ['default'] }
    for (const principal of [limited, user, agent]) {
      expect(await failure('POST /admin/keys', { body, principal })).toMatch(/^(missing_scope|model_denied): /)
    }
    expect((await call('POST /admin/keys', { body, principal: admin })).status).toBe(201)
  })
})

describe('a caller that is not the operator', () => {
  const stronger = [
    ['a scope it lacks', { scopes: ['embed'] }],
    ['models beyond its own', { scopes: ['chat'], upstreams: ['gpu-1'], expires_in_seconds: 10 }],
    ['upstreams beyond its own', { scopes: ['chat'], models: ['qwen3:8b'], expires_in_seconds: 10 }],
    ['a longer life', { scopes: ['chat'], models: ['qwen3:8b'], upstreams: ['gpu-1'] }],
  ] as const
  const routes = [
    ['POST /admin/users', {}],
    ['POST /admin/keys', {}],
    ['POST /admin/keys/ssh', { public_key: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)}` }],
    ['POST /admin/keys/import', { text: '["OLLAMA-6f9619ff-8b86-4011-b42d-00c04fc964ff"]' }],
  ] as const

  it.each(
    stronger.flatMap(([what, grant]) => routes.map(([route, rest]) => [what, route, { ...grant, ...rest }] as const)),
  )('cannot grant %s by %s', async (_what, route, grant) => {
    const body = route === 'POST /admin/keys/import' ? grant : { name: 'x', ...grant }
    expect(await failure(route, { body, principal: limited })).toMatch(/^(missing_scope|model_denied): /)
    expect(await store.listKeys()).toEqual([])
    expect(await store.listUsers()).toEqual([])
  })

  it('can grant what it has', async () => {
    const body = { name: 'x', scopes: ['chat'], models: ['qwen3:8b'], upstreams: ['gpu-1'], expires_in_seconds: 10 }
    expect((await call('POST /admin/keys', { body, principal: limited })).status).toBe(201)
  })
})

describe('input', () => {
  it.each([
    [{}, '"name" is missing'],
    [{ name: 7 }, '"name"'],
    [{ name: '../etc' }, '"name" must be up to 64 letters'],
    [{ name: 'x', scopes: ['root'] }, '"scopes[0]" must be one of chat, embed'],
    [{ name: 'x', scopes: [] }, '"scopes"'],
    [{ name: 'x', expires_in_seconds: -1 }, '"expires_in_seconds"'],
    [{ name: 'x', expires_in_seconds: 1e12 }, '"expires_in_seconds"'],
    [{ name: 'x', scope: ['chat'] }, 'There is no field "scope"'],
    [{ name: 'x', models: ['a b'] }, '"a b" is not a model name or pattern'],
    [[], 'The body must be a JSON object'],
  ])('%j is refused with the field named', async (body, sentence) => {
    const said = await failure('POST /admin/keys', { body })
    expect(said).toMatch(/^invalid_input: /)
    expect(said).toContain(sentence)
    expect(await store.listKeys()).toEqual([])
  })

  it('that is no JSON, no UTF-8 or too large is refused', async () => {
    const route = 'POST /admin/keys'
    expect(await failure(route, { raw: new TextEncoder().encode('{') })).toBe('invalid_input: The body is not JSON')
    expect(await failure(route, { raw: Uint8Array.of(0x22, 0xff, 0x22) })).toBe('invalid_input: The body is not JSON')
    expect(await failure(route, { raw: new Uint8Array(maxBodyBytes + 1) })).toMatch(/^body_too_large: /)
  })
})

it('lists the models of the upstreams that the caller may reach', async () => {
  const names = async (principal?: Creator): Promise<string[]> => {
    const { json } = await call('GET /admin/models', { ...(principal && { principal }) })
    return json.upstreams.map((upstream: { name: string }) => upstream.name)
  }
  expect(await names()).toEqual(['gpu-1', 'gpu-2', 'gpu-3'])
  expect(await names(limited)).toEqual(['gpu-1'])
  expect(await names({ ...limited, upstreams: ['home', 'gpu-3'] })).toEqual(['gpu-2', 'gpu-3'])
})

it('describes itself and its gateway', async () => {
  const use = { scope: 'model', name: 'tiny', limit: 'tokens_per_day', most: 500, used: 20, reserved: 4 }
  const limits = [{ ...use, resets_at: '2026-11-22T00:00:00.000Z' }]
  expect((await call('GET /admin/status')).json).toMatchObject({ version: '1.2.3', limits })
  const { json } = await call('GET /admin/openapi.json')
  const described = Object.entries(json.paths as Record<string, object>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(described.toSorted()).toEqual(
    [...api.routes, ...api.streams]
      .map((route) => `${route.method} ${route.pattern.replace(/:([a-z]+)/, '{$1}')}`)
      .toSorted(),
  )
})

describe('the explanation of a route', () => {
  const explain = (query: string, principal?: Creator): ReturnType<typeof call> =>
    call('GET /admin/route/explain', { query, ...(principal === undefined ? {} : { principal }) })

  it('tells each upstream with its expected times, to a tenth of a millisecond', async () => {
    expect((await explain('model=gpt-4o&prompt_tokens=100')).json).toEqual({
      model: 'gpt-4o',
      selected: 'far',
      upstreams: [
        {
          name: 'far',
          eligible: true,
          reason: 'selected',
          expected_ms: { queue: 0, load: 0.3, prefill: 33.3, network: 1, total: 34.7 },
        },
      ],
      asked: 'gpt-4o',
      because: null,
      missing: false,
      instead_of: null,
    })
  })

  it('has no times where an upstream was dropped, and assumes a usual prompt', async () => {
    expect((await explain('model=other')).json).toEqual({
      model: 'other',
      selected: null,
      upstreams: [{ name: 'far', eligible: false, reason: 'no openai', expected_ms: null }],
      asked: 'other',
      because: null,
      missing: false,
      instead_of: null,
    })
    const { upstreams } = (await explain('model=gpt-4o')).json
    expect(upstreams[0].expected_ms.prefill).toBe(333.3)
  })

  it('is that of the API which somebody speaks who has the model', async () => {
    api = createAdminApi({ ...unaskedDeps, store, clock, explain: explainHaving('anthropic', 'claude') })
    expect((await explain('model=claude')).json).toMatchObject({ selected: 'far' })
    expect((await explain('model=other')).json).toMatchObject({ upstreams: [{ reason: 'no openai' }] })
  })

  it('is given within reach of the key', async () => {
    expect((await explain('model=gpt-4o', limited)).json).toMatchObject({ upstreams: [] })
  })

  it('is refused for what is no question', async () => {
    const refused = (query: string): Promise<string> => failure('GET /admin/route/explain', { query })
    expect(await refused('')).toBe('invalid_input: "model" is missing or not of type string')
    expect(await refused('model=a b')).toBe('invalid_input: "model" is not the name of a model')
    expect(await refused('model=a&prompt_tokens=many')).toMatch(/^invalid_input: "prompt_tokens" /)
    expect(await refused('model=a&prompt_tokens=-1')).toMatch(/^invalid_input: "prompt_tokens" /)
    expect(await refused('model=a&prompt_tokens=1.5')).toMatch(/^invalid_input: "prompt_tokens" /)
  })
})

describe('usage', () => {
  it('is told by the fields that were asked for, by user where none were', async () => {
    expect((await call('GET /admin/usage', {})).json).toEqual([
      { user: 'ada', requests: 1, errors: 0, ...noTokens, queue_ms: null, first_token_ms: null },
    ])
    const { json } = await call('GET /admin/usage', { query: 'by=user,day&since=2026-11-01T00:00:00Z' })
    expect(json).toMatchObject([{ requests: 2 }])
  })

  it.each([
    ['by=month', 'invalid_input: "by" must be some of user, key, model, upstream, day, with commas between'],
    ['by=', 'invalid_input: "by" must be some of user, key, model, upstream, day, with commas between'],
    ['until=2026-11-01', 'invalid_input: There is no field "until"'],
  ])('is refused for %j', async (query, said) => {
    expect(await failure('GET /admin/usage', { query })).toBe(said)
  })

  it('is refused since no time', async () => {
    expect(await failure('GET /admin/usage', { query: 'since=yesterday' })).toMatch(/^invalid_input: "since" /)
  })
})
