import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { selfSigned } from '../../faults/http-edge/self-signed.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
}

/** As little of an Ollama as a health check and a chat need; it keeps what it was sent. */
function answerLike(seen: Seen[]): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const { method = '', url = '', headers } = request
    const path = url.replace(/^.*(?=\/(?:api|v1)\/)|\?.*$/g, '')
    if (path === '/api/chat' || path === '/api/status') seen.push({ method, url, headers })
    const model = {
      name: 'tiny:latest',
      model: 'tiny:latest',
      modified_at: '2026-01-01T00:00:00Z',
      size: 1,
      digest: 'd',
    }
    const bodies: Record<string, object> = {
      '/api/version': { version: '0.24.0' },
      '/api/tags': { models: [model] },
      '/api/ps': { models: [] },
      '/api/status': { cloud: {} },
      '/api/chat': { model: 'tiny', message: { role: 'assistant', content: 'hi' }, done: true },
    }
    request.resume()
    request.on('end', () => {
      const body = JSON.stringify(bodies[path] ?? { error: 'not here' })
      response.writeHead(bodies[path] === undefined ? 404 : 200, {
        'content-type': 'application/json',
        'content-length': body.length,
      })
      response.end(body)
    })
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => void server.close(() => resolve()))
}

const seen: Seen[] = []
let plain: { server: Server; port: number }
let secure: { server: Server; port: number }
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corral-upstreams-'))
  await writeFile(join(folder, 'ca.pem'), selfSigned.cert)
  const servers = [createServer(answerLike(seen)), createTlsServer(selfSigned, answerLike(seen))] as const
  plain = { server: servers[0], port: await listen(servers[0]) }
  secure = { server: servers[1], port: await listen(servers[1]) }
})
beforeEach(() => void (seen.length = 0))
afterAll(async () => {
  await Promise.all([close(plain.server), close(secure.server), rm(folder, { recursive: true, force: true })])
})

async function before(upstream: object): Promise<RunningGateway> {
  const gateway = await startGateway({ config: { upstreams: [{ name: 'one', ...upstream }] } })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

async function chat(gateway: RunningGateway, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/api/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json', ...headers },
    body: '{"model":"tiny","stream":false,"messages":[]}',
  })
}

describe('an upstream over https', () => {
  it('is believed with its own authority, under its real name', async () => {
    const gateway = await before({ url: `https://localhost:${secure.port}`, ca: join(folder, 'ca.pem') })
    expect((await chat(gateway)).status).toBe(200)
    expect(seen[0]?.headers['host']).toBe(`localhost:${secure.port}`)
  })

  it('is believed by address, too', async () => {
    const gateway = await before({ url: `https://127.0.0.1:${secure.port}`, ca: join(folder, 'ca.pem') })
    expect((await chat(gateway)).status).toBe(200)
  })

  it('is not believed without, and the log says why', async () => {
    const gateway = await before({ url: `https://localhost:${secure.port}` })
    expect((await chat(gateway)).status).toBe(503)
    expect(seen).toEqual([])
    expect(gateway.stderr()).toMatch(/upstream is down[^]*self.signed|self.signed[^]*upstream is down|certificate/i)
  })
})

describe('an upstream with credentials of its own', () => {
  const expected = `Basic ${Buffer.from('ada:p@ss wörd').toString('base64')}`

  it.each([
    ['in its URL', () => ({ url: `http://ada:p%40ss%20w%C3%B6rd@127.0.0.1:${plain.port}` })],
    ['beside its URL', () => ({ url: `http://127.0.0.1:${plain.port}`, username: 'ada', password: 'p@ss wörd' })],
    [
      'as a header',
      () => ({ url: `http://127.0.0.1:${plain.port}`, headers: { Authorization: expected, 'X-Tenant': 't1' } }),
    ],
  ])("gets them %s, and never a client's", async (_name, upstream) => {
    const gateway = await before(upstream())
    const answer = await chat(gateway, {
      'x-api-key': gateway.adminKey,
      cookie: 'session=1',
      'x-forwarded-for': '1.2.3.4',
      'x-tenant': 'mine',
      'anthropic-version': '2023-06-01',
    })
    expect(answer.status).toBe(200)
    expect(seen).toHaveLength(1)
    const { headers = {} } = seen[0] ?? {}
    expect(headers['authorization']).toBe(expected)
    expect(headers['host']).toBe('localhost:11434')
    expect(headers['accept-encoding']).toBe('identity')
    expect(headers['anthropic-version']).toBe('2023-06-01')
    expect(Object.keys(headers).filter((name) => /cookie|x-api-key|forwarded/.test(name))).toEqual([])
    expect(headers['x-tenant']).toBe(_name === 'as a header' ? 't1' : undefined)
    expect(JSON.stringify(headers)).not.toContain('crl_')
    expect(gateway.stderr()).not.toContain('p@ss')
  })
})

describe('an upstream under a path', () => {
  it('is asked there for everything', async () => {
    const gateway = await before({ url: `http://127.0.0.1:${plain.port}/ollama/one/` })
    expect((await chat(gateway)).status).toBe(200)
    const status = await fetch(`${gateway.url}/api/status?x=1`, {
      headers: { authorization: `Bearer ${gateway.adminKey}` },
    })
    expect(status.status).toBe(200)
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST /ollama/one/api/chat',
      'GET /ollama/one/api/status?x=1',
    ])
  })
})
