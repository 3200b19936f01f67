import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
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
    if (path === '/api/chat') seen.push({ method, url, headers })
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
const expectedBasic = `Basic ${Buffer.from('ada:p@ss wörd').toString('base64')}`
let plain: Server
let secure: Server
let gateway: RunningGateway
let folder: string

/** One gateway before all of them; a model of its own leads to each. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corral-upstreams-'))
  const ca = join(folder, 'ca.pem')
  await writeFile(ca, selfSigned.cert)
  plain = createServer(answerLike(seen))
  secure = createTlsServer(selfSigned, answerLike(seen))
  const [http, https] = [await listen(plain), await listen(secure)]
  const upstreams = [
    { name: 'https-name', url: `https://localhost:${https}`, ca },
    { name: 'https-address', url: `https://127.0.0.1:${https}`, ca },
    { name: 'https-unknown', url: `https://localhost:${https}` },
    { name: 'basic-url', url: `http://ada:p%40ss%20w%C3%B6rd@127.0.0.1:${http}` },
    { name: 'basic-beside', url: `http://127.0.0.1:${http}`, username: 'ada', password: 'p@ss wörd' },
    { name: 'header', url: `http://127.0.0.1:${http}`, headers: { Authorization: expectedBasic, 'X-Tenant': 't1' } },
    { name: 'prefix', url: `http://127.0.0.1:${http}/ollama/one/` },
  ]
  const assignments = Object.fromEntries(upstreams.map(({ name }) => [`for-${name}`, [name]]))
  gateway = await startGateway({ config: { upstreams, models: { assignments } } })
})
beforeEach(() => void (seen.length = 0))
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await Promise.all([close(plain), close(secure), rm(folder, { recursive: true, force: true })])
})

function chat(upstream: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${gateway.url}/api/chat`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json', ...headers },
    body: `{"model":"for-${upstream}","stream":false,"messages":[]}`,
  })
}

describe('an upstream over https', () => {
  it.each(['https-name', 'https-address'])(
    'is believed with its own authority, under its real name: %s',
    async (name) => {
      expect((await chat(name)).status).toBe(200)
      expect(seen[0]?.headers['host']).toMatch(/^(localhost|127\.0\.0\.1):\d+$/)
    },
  )

  it('is not believed without, and the log says why', async () => {
    expect((await chat('https-unknown')).status).toBe(503)
    expect(seen).toEqual([])
    expect(gateway.stderr()).toMatch(/"upstream":"https-unknown","fault":"[^"]*(?:CERT|SELF_SIGNED)[^"]*"/)
  })
})

describe('an upstream with credentials of its own', () => {
  it.each(['basic-url', 'basic-beside', 'header'])("gets them, and never a client's: %s", async (name) => {
    const sent = {
      'x-api-key': gateway.adminKey,
      cookie: 'session=1',
      'x-forwarded-for': '1.2.3.4',
      'x-tenant': 'mine',
    }
    expect((await chat(name, { ...sent, 'anthropic-version': '2023-06-01' })).status).toBe(200)
    expect(seen).toHaveLength(1)
    const { headers = {} } = seen[0] ?? {}
    expect(headers).toMatchObject({
      authorization: expectedBasic,
      host: 'localhost:11434',
      'accept-encoding': 'identity',
      'anthropic-version': '2023-06-01',
    })
    expect(Object.keys(headers).filter((field) => /cookie|x-api-key|forwarded/.test(field))).toEqual([])
    expect(headers['x-tenant']).toBe(name === 'header' ? 't1' : undefined)
    expect(JSON.stringify(headers)).not.toContain('crl_')
    expect(gateway.stderr()).not.toMatch(/p@ss|p%40ss/)
  })
})

describe('an upstream under a path', () => {
  it('is asked there for everything', async () => {
    expect((await chat('prefix')).status).toBe(200)
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['POST /ollama/one/api/chat'])
  })
})
