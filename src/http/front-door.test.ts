import { describe, expect, it } from 'vitest'
import type { Principal } from '../auth/principal.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { Log } from '../lib/log.ts'
import { createRecordingClient, type RecordingClient } from '../proxy/__fixtures__/recording-client.ts'
import type { ClientRequest } from '../proxy/client-port.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import type { Admitted } from '../proxy/proxy-request.ts'
import type { BodyStream } from '../proxy/upstream.ts'
import { createBodyDecoder } from './body-decoder.ts'
import { createCors } from './cors.ts'
import { createFrontDoor, type FrontDoorDeps } from './front-door.ts'
import type { OwnAnswer, OwnRequest } from './own-answers.ts'
import { createRespond } from './respond.ts'
import { createOpenStream } from './stream-answer.ts'
import type { AgentDoor } from './agent-visit.ts'
import { createRouteTable } from './route-match.ts'
import { routes } from './route-table.ts'
import { createVisitEnds } from './visit.ts'

const someone: Principal = {
  user: 'ada',
  keyId: 'k1',
  keyName: 'n',
  scopes: new Set(),
  models: null,
  upstreams: null,
  pools: null,
}
const BODY: BodyStream = { length: 2, start: () => ({ resume: () => undefined, stop: () => undefined }) }

interface Scene {
  readonly handled: Admitted[]
  readonly asked: OwnRequest[]
  readonly records: ExchangeRecord[]
  readonly logged: string[]
  send(request: Partial<ClientRequest>): RecordingClient
  admitUpgrade(request: Partial<ClientRequest>): unknown
}

function openDoor(changes: Partial<FrontDoorDeps> & { readonly own?: ReadonlyMap<string, OwnAnswer> } = {}): Scene {
  const handled: Admitted[] = []
  const asked: OwnRequest[] = []
  const records: ExchangeRecord[] = []
  const logged: string[] = []
  const answerOwn: OwnAnswer = (request) => {
    asked.push(request)
    return { status: 200, headers: [], body: 'own' }
  }
  const own = new Map(
    ['GET /', 'GET /v1/models/*name', 'POST /v1/messages/count_tokens'].map((name) => [name, answerOwn]),
  )
  const note = (_fields: object, sentence: string): void => void logged.push(sentence)
  const log: Log = { debug: note, info: note, warn: note, error: note }
  const door = createFrontDoor({
    table: createRouteTable(routes),
    cors: createCors(['https://app.example']),
    identify: ({ route }) => (route.scope === 'open' ? null : someone),
    proxy: {
      running: {
        size: 0,
        add: () => undefined,
        remove: () => undefined,
        endKey: () => undefined,
        endSession: () => undefined,
        endAll: () => undefined,
        members: () => [],
        idle: () => Promise.resolve(),
      },
      handle: (_client, admitted) => void handled.push(admitted),
      collect: () => ({ bytes: Promise.resolve(new Uint8Array(0)), cancel: () => undefined }),
      stop: () => undefined,
    },
    own,
    agents: {
      openStream: (client) => client.head(200, ['content-type', 'text/event-stream']),
      receive: () => ({ kind: 'taken', ack: 7 }),
    },
    isLive: () => true,
    unbooked: () => undefined,
    ends: createVisitEnds({
      respond: createRespond(['x-content-type-options', 'nosniff']),
      openStream: createOpenStream([]),
      record: (each) => void records.push(each),
    }),
    decodeBody: createBodyDecoder((body) => body),
    servesHost: () => true,
    servesOrigin: () => true,
    isAlias: (name) => name === 'gpt-4o-mini',
    beginTrace: () => ({ traceId: 't', spanId: 's', parentId: null, sampled: false, state: null }),
    followsTraces: false,
    instanceId: 'me',
    log,
    ...changes,
  })
  const whole = (request: Partial<ClientRequest>): Partial<ClientRequest> => ({
    method: 'GET',
    target: '/',
    ...request,
    headers: ['Host', 'gw', ...(request.headers ?? [])],
  })
  return {
    handled,
    asked,
    records,
    logged,
    send(request) {
      const client = createRecordingClient(whole(request))
      door.request(client)
      return client
    },
    admitUpgrade: (request) => door.admitUpgrade(createRecordingClient(whole(request)).request),
  }
}

function header(client: RecordingClient, name: string): string | undefined {
  const at = client.headers.findIndex((field, i) => i % 2 === 0 && field.toLowerCase() === name)
  return at < 0 ? undefined : client.headers[at + 1]
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the front door', () => {
  it('hands an admitted request to the proxy, with everything found out about it', () => {
    const door = openDoor()
    door.send({
      method: 'POST',
      target: '/v1/chat/completions?a=b',
      body: BODY,
      headers: ['Origin', 'https://app.example'],
    })
    expect(door.handled).toMatchObject([
      {
        route: { pattern: '/v1/chat/completions' },
        principal: { user: 'ada' },
        target: '/v1/chat/completions?a=b',
        params: {},
      },
    ])
    expect(door.handled[0]?.body).toBe(BODY)
    expect(door.handled[0]?.extraHeaders).toContain('https://app.example')
    expect(door.handled[0]?.trace).toMatchObject({ user: 'ada', keyId: 'k1', path: '/v1/chat/completions' })
    expect(door.records).toEqual([])
  })

  it('sends along another path, and what of the query is not meant for Corral', () => {
    const door = openDoor()
    for (const target of [
      '/call_model',
      '/api/chat?ts=1700000000',
      '/k/secret/api/chat?x=1',
      '/v1/audio/transcriptions?model=other',
    ]) {
      door.send({ method: 'POST', target, body: BODY })
    }
    expect(door.handled.map((each) => each.target)).toEqual([
      '/api/generate',
      '/api/chat',
      '/api/chat?x=1',
      '/v1/audio/transcriptions',
    ])
  })

  it('refuses a head that can be read in two ways, and closes', () => {
    const door = openDoor()
    const client = door.send({ target: '/a/../b' })
    expect([client.status, header(client, 'connection'), header(client, 'corral-error')]).toEqual([
      400,
      'close',
      'bad_request_target',
    ])
    const twice = door.send({ headers: ['Host', 'other'] })
    expect([twice.status, header(twice, 'connection')]).toEqual([400, 'close'])
    expect(door.records).toMatchObject([{ status: 400, ending: 'refused' }, { status: 400 }])
  })

  it('says what Ollama says where there is no such path or method', () => {
    const door = openDoor()
    const missing = door.send({ target: '/api/nothing' })
    expect([missing.status, missing.text(), header(missing, 'content-type')]).toEqual([
      404,
      '404 page not found',
      'text/plain',
    ])
    const wrong = door.send({ method: 'DELETE', target: '/api/tags' })
    expect([wrong.status, wrong.text(), header(wrong, 'allow')]).toEqual([405, '405 method not allowed', 'HEAD, GET'])
    expect(door.handled).toEqual([])
  })

  it('finds out that it is its own upstream', () => {
    const door = openDoor()
    const client = door.send({ method: 'POST', target: '/v1/messages', headers: ['corral-instance', 'me'], body: BODY })
    expect([client.status, JSON.parse(client.text())]).toMatchObject([
      508,
      { type: 'error', error: { type: 'api_error' } },
    ])
    expect(door.admitUpgrade({ target: '/api/tags', headers: ['corral-instance', 'me'] })).toMatchObject({
      code: 'gateway_loop',
    })
    door.send({ method: 'POST', target: '/api/chat', headers: ['corral-instance', 'another'], body: BODY })
    expect(door.handled).toHaveLength(1)
  })

  it('serves only hosts it may serve, upgrades too', () => {
    const door = openDoor({ servesHost: (host) => host === 'localhost' })
    expect(door.send({ target: '/' }).status).toBe(403)
    expect(door.admitUpgrade({ target: '/api/tags' })).toMatchObject({ code: 'host_denied' })
  })

  it('answers a preflight before it asks for a key, and any other OPTIONS as a wrong method', () => {
    const door = openDoor({ identify: () => new GatewayError('no_credential') })
    const ask = ['Access-Control-Request-Method', 'POST']
    const known = door.send({
      method: 'OPTIONS',
      target: '/api/chat',
      headers: ['Origin', 'https://app.example', ...ask],
    })
    expect([known.status, header(known, 'access-control-allow-origin')]).toEqual([204, 'https://app.example'])
    const foreign = door.send({
      method: 'OPTIONS',
      target: '/api/chat',
      headers: ['Origin', 'https://evil.example', ...ask],
    })
    expect([foreign.status, header(foreign, 'access-control-allow-origin')]).toEqual([403, undefined])
    expect(door.send({ method: 'OPTIONS', target: '/api/chat' }).status).toBe(405)
  })

  it('refuses in the dialect of the route, with CORS headers so that a page can read it', () => {
    const door = openDoor({ identify: () => new GatewayError('wrong_credential') })
    const origin = ['Origin', 'https://app.example']
    const bodies = ['/api/chat', '/v1/chat/completions', '/v1/messages'].map((target) => {
      const client = door.send({ method: 'POST', target, headers: origin, body: BODY })
      expect([client.status, header(client, 'access-control-allow-origin')]).toEqual([401, 'https://app.example'])
      expect(header(client, 'x-content-type-options')).toBe('nosniff')
      return JSON.parse(client.text()) as { error: unknown }
    })
    expect(bodies).toMatchObject([
      { error: 'The key is not valid' },
      { error: { type: 'authentication_error' } },
      { type: 'error' },
    ])
    expect(door.records.map(({ user, error }) => [user, error])).toEqual(bodies.map(() => [null, 'wrong_credential']))
  })

  it('lets nothing run that cannot be booked, in the dialect of the route, and answers its own all the same', async () => {
    const door = openDoor({ unbooked: () => new GatewayError('ledger_unavailable', { retryAfterSeconds: 1 }) })
    const client = door.send({ method: 'POST', target: '/v1/chat/completions', body: BODY })
    expect([client.status, header(client, 'retry-after')]).toEqual([503, '1'])
    expect(JSON.parse(client.text())).toMatchObject({ error: { code: 'ledger_unavailable' } })
    expect(door.handled).toEqual([])
    expect(door.records).toMatchObject([{ user: 'ada', ending: 'refused', error: 'ledger_unavailable' }])
    const own = door.send({ target: '/' })
    await settled()
    expect(own.status).toBe(200)
  })

  it('refuses a coding it cannot decode, after the key', () => {
    const door = openDoor()
    const client = door.send({ method: 'POST', target: '/api/chat', headers: ['Content-Encoding', 'gzip'], body: BODY })
    expect([client.status, header(client, 'corral-error')]).toEqual([415, 'unsupported_content_encoding'])
    expect(door.records).toMatchObject([{ user: 'ada', status: 415 }])
  })

  it('keeps an acceptable request id and makes one otherwise', () => {
    const door = openDoor()
    expect(header(door.send({ target: '/nope', headers: ['X-Request-Id', 'abc-123'] }), 'x-request-id')).toBe('abc-123')
    expect(header(door.send({ target: '/nope', headers: ['X-Request-Id', 'a b"c'] }), 'x-request-id')).toMatch(
      /^[0-9a-f-]{36}$/,
    )
  })

  it('never logs a key of the path, nor a query', () => {
    const door = openDoor()
    door.send({ target: '/k/crl_secret/api/nothing?token=crl_secret' })
    door.send({ target: '/k/crl_secret/../x?token=crl_secret' })
    expect(door.records.map((each) => each.path)).toEqual([
      '/k/[redacted]/api/nothing',
      expect.stringContaining('[redacted]'),
    ])
    expect(JSON.stringify(door.records)).not.toContain('secret')
  })

  describe('answers itself', () => {
    it('what is its own, and models that no upstream would know by that name', async () => {
      const door = openDoor()
      door.send({ target: '/' })
      door.send({ target: '/v1/models/ns/name' })
      door.send({ target: '/v1/models/gpt-4o-mini' })
      door.send({ target: '/v1/models/tiny' })
      await settled()
      expect(door.asked.map(({ pattern, params }) => [pattern, params['name']])).toEqual([
        ['/', undefined],
        ['/v1/models/*name', 'ns/name'],
        ['/v1/models/*name', 'gpt-4o-mini'],
      ])
      expect(door.handled.map((each) => each.target)).toEqual(['/v1/models/tiny'])
      expect(door.records).toHaveLength(3)
    })

    it('and tells its own failures without their cause', async () => {
      const failing = openDoor({
        own: new Map<string, OwnAnswer>([
          ['GET /', () => Promise.reject(new Error('secret detail'))],
          ['GET /livez', () => Promise.reject(new GatewayError('no_upstream', { retryAfterSeconds: 3 }))],
        ]),
      })
      const internal = failing.send({ target: '/' })
      const known = failing.send({ target: '/livez' })
      await settled()
      expect([internal.status, internal.text().includes('secret')]).toEqual([500, false])
      expect([known.status, header(known, 'retry-after')]).toEqual([503, '3'])
      expect(failing.logged).toEqual(['An answer of the gateway itself failed'])
    })

    it('once, or not at all when the client has left', async () => {
      let answer: (rendered: { status: number; headers: string[]; body: string }) => void = () => undefined
      const waiting = new Map<string, OwnAnswer>([['GET /', () => new Promise((resolve) => (answer = resolve))]])
      const door = openDoor({ own: waiting })
      const client = door.send({ target: '/' })
      client.leave()
      answer({ status: 200, headers: [], body: 'late' })
      await settled()
      expect(client.events).toEqual([])
      expect(door.records).toMatchObject([{ status: 499, ending: 'client-gone' }])
    })
  })

  describe('of agents', () => {
    const up = { method: 'POST', target: '/agent/v1/up', headers: ['corral-session', 's1'] }

    it('hands what came up to its session, for the key that brought it, and records nothing', async () => {
      const posts: unknown[] = []
      const receive: AgentDoor['receive'] = (post) => {
        posts.push(post)
        return { kind: 'taken', ack: 7 }
      }
      const door = openDoor({ agents: { openStream: () => {}, receive } })
      const client = door.send(up)
      await settled()
      expect([client.status, client.text()]).toEqual([200, '{"ack":7}'])
      expect(posts).toEqual([{ sessionId: 's1', keyId: 'k1', body: new Uint8Array(0) }])
      expect(door.records).toEqual([])
    })

    it.each([
      [{ kind: 'gap', expect: 3 } as const, 409, '{"expect":3}'],
      [{ kind: 'gone' } as const, 410, '{"error":"There is no such session of an agent"}'],
      [
        { kind: 'malformed', reason: 'a batch over 256 KiB' } as const,
        400,
        '{"error":"The body is a batch over 256 KiB"}',
      ],
    ])('says why %j', async (receipt, status, body) => {
      const door = openDoor({ agents: { openStream: () => {}, receive: () => receipt } })
      const client = door.send(up)
      await settled()
      expect([client.status, client.text()]).toEqual([status, body])
    })

    it('takes nothing with a key that ended while the body was on the way', async () => {
      const door = openDoor({ isLive: () => false })
      const client = door.send(up)
      await settled()
      expect(client.status).toBe(401)
    })

    it('opens no stream for what is no batch', async () => {
      const client = openDoor().send({ method: 'POST', target: '/agent/v1/sse' })
      await settled()
      expect([client.status, client.text()]).toEqual([400, '{"error":"The body is a batch without a whole frame"}'])
    })

    it('serves no page but one of its own, whatever cors.origins says', async () => {
      const door = openDoor()
      for (const origin of ['https://app.example', 'null', 'https://evil.example', 'app://gw']) {
        expect(door.send({ ...up, headers: ['Origin', origin] }).status).toBe(403)
        expect(door.admitUpgrade({ target: '/agent/v1', headers: ['Origin', origin] })).toMatchObject({
          code: 'origin_denied',
        })
      }
      expect(door.admitUpgrade({ target: '/agent/v1', headers: ['Origin', 'http://gw'] })).toMatchObject({
        principal: { user: 'ada' },
      })
      expect(door.admitUpgrade({ target: '/agent/v1' })).toMatchObject({ principal: { user: 'ada' } })
    })
  })

  describe('admits an upgrade', () => {
    it('on a listed route of an upstream, with a principal', () => {
      const door = openDoor()
      expect(door.admitUpgrade({ target: '/api/status?x=1' })).toMatchObject({
        target: '/api/status?x=1',
        principal: { user: 'ada' },
      })
      const codes = ['/', '/nothing', '/api/chat', '/a/../b'].map(
        (target) => (door.admitUpgrade({ target }) as GatewayError).code,
      )
      expect(codes).toEqual(['upgrade_refused', 'route_not_found', 'method_not_allowed', 'bad_request_target'])
    })

    it('of no foreign page, and of nobody without a key', () => {
      const keyless = openDoor({ identify: () => new GatewayError('no_credential') })
      expect(keyless.admitUpgrade({ target: '/api/status' })).toMatchObject({ code: 'no_credential' })
      expect(
        openDoor().admitUpgrade({ target: '/api/status', headers: ['Origin', 'https://evil.example'] }),
      ).toMatchObject({ code: 'origin_denied' })
      expect(
        openDoor().admitUpgrade({ target: '/api/status', headers: ['Origin', 'https://app.example'] }),
      ).toMatchObject({ target: '/api/status' })
    })
  })
})
