import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  createAuthenticator,
  openPrincipal,
  type Authenticator,
  type AuthenticatorOptions,
  type CredentialRequest,
} from './authenticator.ts'
import { createKeyDigester } from './key-digest.ts'
import { createKeyDirectory } from './key-directory.ts'
import { createSecret } from './key-format.ts'
import type { KeyRecord } from './key-store.ts'
import { scopes } from './scope.ts'
import { PLAIN_SHARE } from './principal.ts'

const START = 1_700_000_000_000
const digester = createKeyDigester(Buffer.alloc(32, 7))
const KEY = createSecret('corral')
const ADMIN = createSecret('ollama-uuid')
const REVOKED = createSecret('corral')
const EXPIRED = createSecret('corral')

function record(id: string, digest: string, changes: Partial<KeyRecord> = {}): KeyRecord {
  const owner = { userId: 'u1', userName: 'ada', createdAt: START, expiresAt: null, revokedAt: null }
  const limits = {
    scopes: ['chat'] as const,
    models: null,
    upstreams: null,
    pools: null,
    queue: PLAIN_SHARE,
    limits: null,
  }
  const past = { lastUsedAt: null, previous: null }
  return { id, name: id, ...owner, ...limits, ...past, kind: 'key', digest, hint: '', ...changes }
}

interface Gate extends Authenticator {
  readonly clock: { at: number; now(): number }
  readonly privateKey: KeyObject
  readonly sshKey: string
  revokeAll(): void
}

function setUp(options: Partial<AuthenticatorOptions> = {}): Gate {
  const clock = { at: START, now: () => clock.at }
  const directory = createKeyDirectory({ digester, clock })
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  const sshKey = Buffer.concat([
    Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAI' + 'A'.repeat(43), 'base64').subarray(0, 19),
    raw,
  ]).toString('base64')
  directory.refresh({
    users: [{ id: 'u1', name: 'ada', disabled: false, role: 'admin', limits: null, createdAt: START }],
    foreign: [],
    keys: [
      record('key', digester.store(KEY)),
      record('admin', digester.store(ADMIN), { scopes }),
      record('revoked', digester.store(REVOKED), { revokedAt: START - 1 }),
      record('expired', digester.store(EXPIRED), { expiresAt: START - 1 }),
      record('ssh', sshKey, { kind: 'ssh', scopes: ['chat', 'models:read'] }),
    ],
  })
  return {
    ...createAuthenticator({ directory, clock }, { mode: 'keys', pathKeys: true, ...options }),
    clock,
    privateKey,
    sshKey,
    revokeAll: () => void directory.refresh({ users: [], foreign: [], keys: [] }),
  }
}

function request(headers: string[], changes: Partial<CredentialRequest> = {}): CredentialRequest {
  const line = { method: 'POST', path: '/api/chat', query: '' }
  return { ...line, headers, pathKey: null, address: '10.0.0.1', confidential: true, connection: {}, ...changes }
}

function outcome(gate: Authenticator, request: CredentialRequest): string {
  const result = gate.authenticate(request)
  return result.kind === 'principal'
    ? `principal ${result.principal.keyId}`
    : `${result.error.code} ${result.error.status}`
}

function bearer(key: string): string[] {
  return ['Authorization', `Bearer ${key}`]
}

describe('authenticate', () => {
  it.each([
    [bearer(KEY), 'principal key'],
    [['Authorization', KEY], 'principal key'],
    [['x-api-key', KEY], 'principal key'],
    [['apikey', ADMIN], 'principal admin'],
    [['Authorization', `Basic ${btoa(`u:${KEY}`)}`], 'principal key'],
    [[], 'no_credential 401'],
    [bearer(''), 'malformed_credential 401'],
    [['Authorization', `Token ${KEY}`], 'malformed_credential 401'],
    [bearer(`${KEY} x`), 'malformed_credential 401'],
    [bearer('crl_unknown'), 'wrong_credential 401'],
    [bearer(REVOKED), 'wrong_credential 401'],
    [bearer(EXPIRED), 'wrong_credential 401'],
    [bearer(KEY.toLowerCase()), 'wrong_credential 401'],
    [bearer(KEY.slice(0, 20)), 'wrong_credential 401'],
    [[...bearer(KEY), 'x-api-key', ADMIN], 'conflicting_credentials 400'],
    [[...bearer(KEY), ...bearer(KEY)], 'bad_header 400'],
  ])('%j: %s', (headers, expected) => {
    expect(outcome(setUp(), request(headers))).toBe(expected)
  })

  it('says the same of an unknown, a revoked and an expired key, and something else of each other case', () => {
    const texts = [[], bearer(''), bearer('unknown'), bearer(REVOKED), bearer(EXPIRED)].map((headers) => {
      const result = setUp().authenticate(request(headers))
      return result.kind === 'refused' ? result.error.message : ''
    })
    expect(new Set(texts.slice(2)).size).toBe(1)
    expect(new Set(texts).size).toBe(3)
    expect(texts.join()).not.toContain(REVOKED)
  })

  it('answers the Ollama CLI 403 where others get 401, with the same text', () => {
    const agent = ['User-Agent', 'ollama/0.24.0 (amd64 linux) Go/go1.25']
    expect(outcome(setUp(), request(agent))).toBe('no_credential 403')
    expect(outcome(setUp(), request([...agent, ...bearer('')]))).toBe('malformed_credential 403')
    expect(outcome(setUp(), request([...agent, ...bearer('unknown')]))).toBe('wrong_credential 403')
    expect(outcome(setUp(), request(['User-Agent', 'ollama-python/0.6.3', ...bearer('unknown')]))).toBe(
      'wrong_credential 401',
    )
    expect(outcome(setUp(), request([...agent, ...bearer(KEY), 'x-api-key', ADMIN]))).toBe(
      'conflicting_credentials 400',
    )
  })

  it('lets nothing in that looks like SQL, JSON, a path or a prototype, in any carrier', () => {
    const gate = setUp()
    const corpus = [
      "'",
      "' OR '1'='1",
      "';DROP/**/TABLE/**/keys;--",
      '"',
      '`',
      '\\',
      '%',
      '_',
      '%27',
      "x'||'",
      '1;--',
      'k*',
      '{"$ne":1}',
      '../..',
      '__proto__',
      'constructor',
      'null',
      'undefined',
      '0',
      'key',
      'admin',
    ]
    const carriers: ((text: string) => CredentialRequest)[] = [
      (text) => request(bearer(text)),
      (text) => request(['Authorization', text]),
      (text) => request(['x-api-key', text]),
      (text) => request(['apikey', text]),
      (text) => request(['api-key', text]),
      (text) => request(['Authorization', `Basic ${btoa(`${text}:${text}`)}`]),
      (text) => request([], { pathKey: text }),
      (text) => request(['Authorization', `${text}:${text}`], { query: `ts=${text}` }),
    ]
    const tried = carriers.flatMap((carry) => corpus.flatMap((text) => [carry(text), carry(KEY + text)]))
    const letIn = tried.filter(
      (request) => !/^(wrong|malformed)_credential 401|^throttled/.test(outcome(gate, request)),
    )
    expect(letIn).toEqual([])
    expect(tried.length).toBeGreaterThan(300)
    expect(outcome(gate, request(bearer(KEY)))).toBe('principal key')
  })
})

describe('path keys', () => {
  it('never carry admin, metrics or agent, even when a header repeats them', () => {
    const gate = setUp()
    for (const headers of [[], bearer(ADMIN), bearer('ollama')]) {
      const result = gate.authenticate(request(headers, { pathKey: ADMIN }))
      const granted = result.kind === 'principal' ? [...result.principal.scopes] : []
      expect(granted).toEqual(['chat', 'embed', 'models:read', 'models:write'])
    }
    const full = gate.authenticate(request(bearer(ADMIN)))
    expect(full.kind === 'principal' && full.principal.scopes.has('admin')).toBe(true)
  })

  it('are as wrong as any other key', () => {
    expect(outcome(setUp(), request([], { pathKey: 'nope' }))).toBe('wrong_credential 401')
    expect(outcome(setUp(), request(bearer(KEY), { pathKey: ADMIN }))).toBe('conflicting_credentials 400')
  })

  it('are not looked at when they are switched off', () => {
    const gate = setUp({ pathKeys: false })
    expect(outcome(gate, request([], { pathKey: KEY }))).toBe('no_credential 401')
    expect(outcome(gate, request(bearer(ADMIN), { pathKey: KEY }))).toBe('principal admin')
  })
})

describe('signatures of the CLI', () => {
  function signed(
    gate: Gate,
    changes: Partial<CredentialRequest> = {},
    signedAs = 'POST,/api/chat',
  ): CredentialRequest {
    const query = `ts=${START / 1000}`
    const signature = sign(null, Buffer.from(`${signedAs}?${query}`), gate.privateKey).toString('base64')
    return request(['Authorization', `${gate.sshKey}:${signature}`], { query, ...changes })
  }

  it('let an enrolled key in with the scopes of its enrolment', () => {
    const gate = setUp()
    const result = gate.authenticate(signed(gate))
    expect(result.kind === 'principal' && [...result.principal.scopes]).toEqual(['chat', 'models:read'])
  })

  it('are refused for another method, path or query', () => {
    const gate = setUp()
    expect(outcome(gate, signed(gate, { method: 'DELETE' }))).toBe('wrong_credential 401')
    expect(outcome(gate, signed(gate, { path: '/api/pull' }))).toBe('wrong_credential 401')
    expect(outcome(gate, signed(gate, { query: `ts=${START / 1000 + 1}` }))).toBe('wrong_credential 401')
    expect(outcome(gate, signed(gate, { query: `ts=${START / 1000}&x=1` }))).toBe('wrong_credential 401')
  })

  it('are refused from a key that nobody enrolled', () => {
    const [gate, stranger] = [setUp(), setUp()]
    expect(outcome(gate, signed(stranger))).toBe('wrong_credential 401')
  })

  it('are refused over plain connections from elsewhere, and say why', () => {
    const gate = setUp()
    const result = gate.authenticate(signed(gate, { confidential: false }))
    expect(result.kind === 'refused' && result.error.message).toContain('TLS or loopback')
  })

  it('are good for a minute before and after', () => {
    const gate = setUp()
    for (const [seconds, expected] of [
      [60, 'principal ssh'],
      [61, 'wrong_credential 401'],
      [-60, 'principal ssh'],
      [-61, 'wrong_credential 401'],
    ] as const) {
      gate.clock.at = START + seconds * 1000
      expect(outcome(gate, signed(gate))).toBe(expected)
    }
  })

  it('give way to a path key', () => {
    const gate = setUp()
    expect(outcome(gate, signed(gate, { pathKey: KEY }))).toBe('principal key')
    expect(outcome(gate, signed(gate, { pathKey: 'nope' }))).toBe('wrong_credential 401')
  })
})

describe('throttling', () => {
  it('answers the 101st wrong key of a minute 429, and a right one as ever', () => {
    const gate = setUp()
    for (let i = 0; i < 100; i++) expect(outcome(gate, request(bearer(`guess${i}`)))).toBe('wrong_credential 401')
    const throttled = gate.authenticate(request(bearer('guess')))
    expect(throttled.kind === 'refused' && throttled.error).toMatchObject({
      code: 'throttled',
      status: 429,
      retryAfterSeconds: 60,
    })
    expect(outcome(gate, request(bearer(KEY)))).toBe('principal key')
    expect(outcome(gate, request(bearer('guess'), { address: '10.0.0.2' }))).toBe('wrong_credential 401')
    gate.clock.at += 60_000
    expect(outcome(gate, request(bearer('guess')))).toBe('wrong_credential 401')
  })

  it('counts neither missing nor malformed nor conflicting credentials', () => {
    const gate = setUp()
    for (let i = 0; i < 150; i++) {
      gate.authenticate(request([]))
      gate.authenticate(request(bearer('')))
      gate.authenticate(request([...bearer(KEY), 'x-api-key', ADMIN]))
    }
    expect(outcome(gate, request(bearer('guess')))).toBe('wrong_credential 401')
  })
})

describe('auth.mode none', () => {
  it('takes everybody for the same principal without admin and metrics, and for an agent of the default pool, whatever they send', () => {
    const gate = setUp({ mode: 'none' })
    for (const headers of [[], bearer(ADMIN), bearer('ollama'), bearer(''), [...bearer('a'), ...bearer('b')]]) {
      expect(gate.authenticate(request(headers))).toEqual({ kind: 'principal', principal: openPrincipal })
    }
    expect([...openPrincipal.scopes]).toEqual(['chat', 'embed', 'models:read', 'models:write', 'agent'])
    expect(openPrincipal.pools).toEqual(['default'])
    expect(gate.isLive(openPrincipal)).toBe(true)
  })
})

describe('isLive', () => {
  it('is asked by key, so that a weak principal ends with the full one', () => {
    const gate = setUp()
    const result = gate.authenticate(request([], { pathKey: ADMIN }))
    expect(result.kind === 'principal' && gate.isLive(result.principal)).toBe(true)
    expect(gate.isLive({ ...openPrincipal, keyId: 'revoked' })).toBe(false)
  })
})

describe('a connection that has shown its key', () => {
  it('is known by it again, is asked anew for another key, and loses it with the revocation', () => {
    const gate = setUp()
    const connection = {}
    expect(outcome(gate, request(bearer(KEY), { connection }))).toBe('principal key')
    expect(outcome(gate, request(bearer(KEY), { connection }))).toBe('principal key')
    expect(outcome(gate, request(bearer(ADMIN), { connection }))).toBe('principal admin')
    expect(outcome(gate, request(bearer(`${KEY}x`), { connection }))).toBe('wrong_credential 401')
    gate.revokeAll()
    expect(outcome(gate, request(bearer(ADMIN), { connection }))).toBe('wrong_credential 401')
  })

  it('does not take a key that was shown in a path for one that was shown in a header', () => {
    const gate = setUp()
    const connection = {}
    gate.authenticate(request([], { connection, pathKey: ADMIN }))
    const result = gate.authenticate(request(bearer(ADMIN), { connection }))
    expect(result.kind === 'principal' && result.principal.scopes.has('admin')).toBe(true)
    const again = gate.authenticate(request([], { connection, pathKey: ADMIN }))
    expect(again.kind === 'principal' && again.principal.scopes.has('admin')).toBe(false)
  })
})
