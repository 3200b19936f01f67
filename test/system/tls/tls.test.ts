import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request, type RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { selfSigned } from '../../faults/http-edge/self-signed.ts'
import { openRaw } from '../../faults/raw-connection.ts'
import { bearer, frame, greeting, HANDSHAKE, opcodes } from '../agents/raw-agent.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

let fake: FakeOllama
let gateway: RunningGateway
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'corral-tls-'))
  await writeFile(join(folder, 'cert.pem'), selfSigned.cert)
  await writeFile(join(folder, 'key.pem'), selfSigned.key)
  fake = await startFakeOllama({ models: [{ name: 'tiny' }], upgrades: 'echo' })
  const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  gateway = await startGateway({ config: { tls, upstreams: [{ name: 'fake', url: fake.url }] } })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await fake.stop()
  await rm(folder, { recursive: true, force: true })
})

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

function ask(path: string, body?: object, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${gateway.adminKey}` }
    const method = body === undefined ? 'GET' : 'POST'
    const outgoing = request(gateway.url + path, { method, headers, ca: selfSigned.cert, agent: false, ...options })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => void (text += chunk.toString()))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }))
    })
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

describe('a gateway over TLS', () => {
  it('says so in its ready line, and serves', async () => {
    expect(gateway.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/)
    const { status, text } = await ask('/api/chat', { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] })
    expect([status, JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')]).toMatchObject([200, { done: true }])
  })

  it('tells browsers to come back over TLS, in every answer of its own', async () => {
    for (const path of ['/', '/nothing', '/api/tags', '/a;b']) {
      expect((await ask(path)).headers['strict-transport-security']).toBe('max-age=31536000')
    }
    using raw = await openRaw(gateway.url, { tls: true })
    raw.write('NOT HTTP AT ALL\r\n\r\n')
    expect((await raw.closed()).text).toMatch(/^HTTP\/1\.1 400 [^]*strict-transport-security/)
  })

  it('ends a stream that fails in-band', async () => {
    fake.faults.add({ kind: 'reset-mid-line', afterChunks: 2, times: 1 })
    const { text } = await ask('/v1/chat/completions', {
      model: 'tiny',
      messages: [{ role: 'user', content: 'hi' }],
      stream: true,
    })
    expect(text).toMatch(/data: \{"error":\{"message":"The upstream broke off[^\n]*\n\n$/)
  })

  it('relays an upgrade', async () => {
    using raw = await openRaw(gateway.url, { tls: true })
    raw.write(
      `GET /api/status HTTP/1.1\r\nHost: gw\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer ${gateway.adminKey}\r\n\r\n`,
    )
    await raw.until('101 Switching Protocols')
    raw.write('ping')
    await raw.until(/\r\n\r\nping$/)
  })

  it('lets an agent in', async () => {
    const { text } = await ask('/admin/keys', { name: 'attic', scopes: ['agent'] })
    const { secret } = JSON.parse(text) as { secret: string }
    using raw = await openRaw(gateway.url, { tls: true })
    raw.write(['GET /agent/v1 HTTP/1.1', 'Host: gw', ...HANDSHAKE, bearer(secret), '', ''].join('\r\n'))
    await raw.until('101 Switching Protocols')
    raw.write(frame(opcodes.binary, greeting('attic')))
    await raw.until('"session_id"')
  })

  it('speaks HTTP/1.1 and no old TLS', async () => {
    const { hostname: host, port } = new URL(gateway.url)
    const options = { host, port: Number(port), ca: selfSigned.cert, servername: 'localhost' }
    const protocol = await new Promise((resolve, reject) => {
      const socket = connect({ ...options, ALPNProtocols: ['h2', 'http/1.1'] }, () => {
        resolve(socket.alpnProtocol)
        socket.destroy()
      })
      socket.on('error', reject)
    })
    expect(protocol).toBe('http/1.1')
    const old = new Promise((resolve, reject) => {
      const socket = connect(
        { ...options, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' },
        () => resolve('connected'),
      )
      socket.on('error', reject)
    })
    await expect(old).rejects.toThrow()
  })

  it('gives plain HTTP nothing, and serves on', async () => {
    using raw = await openRaw(gateway.url)
    raw.write('GET / HTTP/1.1\r\nHost: gw\r\n\r\n')
    expect((await raw.closed()).text).not.toContain('Ollama')
    expect((await ask('/livez')).status).toBe(200)
  })
})

describe('a certificate that is none', () => {
  it('is told before anything starts', async () => {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    await Promise.all([
      expect(startGateway({ config: { tls: { cert: key, key } } })).rejects.toThrow(/tls\.cert[^]*certificate/),
      expect(startGateway({ config: { tls: { cert, key: join(folder, 'no.pem') } } })).rejects.toThrow(/tls\.key/),
    ])
  })
})
