import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type RunningGateway } from '../../system/harness/start-gateway.ts'
import { openRaw } from '../raw-connection.ts'
import { jsonAnswer, startRawUpstream, type RawUpstream } from './raw-upstream.ts'

let upstream: RawUpstream
let gateway: RunningGateway

beforeAll(async () => {
  upstream = await startRawUpstream((head) => {
    if (!/upgrade: websocket/i.test(head)) return jsonAnswer('{}')
    if (head.includes('accept-it')) return 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\nhello'
    // As Ollama does it: the upgrade is ignored, and the connection waits for the next request.
    return head.startsWith('GET /api/status') ? jsonAnswer('{"cloud":{}}') : jsonAnswer('{"id":"secret"}')
  })
  gateway = await startGateway({ config: { upstreams: [{ name: 'raw', url: upstream.url }] } })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await upstream[Symbol.asyncDispose]()
})

const handshake = (target: string, key: string, more = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer ${key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n${more}\r\n`

const SMUGGLED = 'DELETE /api/delete HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\n\r\n{"model":"tiny"}'

describe('an upgrade that the upstream does not take', () => {
  it('passes its answer on and not one byte of what the client sends behind', async () => {
    const key = await gateway.createKey({ name: 'reader', scopes: ['models:read'] })
    using raw = await openRaw(gateway.url)
    raw.write(handshake('/api/status', key))
    await raw.until('{"cloud":{}}')
    raw.write(SMUGGLED)
    const { text } = await raw.closed()
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(upstream.received()).toContain('GET /api/status')
    expect(upstream.received()).not.toContain('DELETE')
  })

  it('nor what came along with the handshake', async () => {
    const key = await gateway.createKey({ name: 'hasty', scopes: ['models:read'] })
    using raw = await openRaw(gateway.url)
    raw.write(handshake('/api/status', key) + SMUGGLED)
    const { text } = await raw.closed()
    expect(text).toContain('{"cloud":{}}')
    expect(upstream.received()).not.toContain('DELETE')
  })

  it('tells a limited key nothing about other models', async () => {
    const key = await gateway.createKey({ name: 'limited', scopes: ['models:read'], models: ['tiny'] })
    using raw = await openRaw(gateway.url)
    raw.write(handshake('/v1/models/secret', key))
    const { text } = await raw.closed()
    expect(text).toMatch(/^HTTP\/1\.1 501 /)
    expect(upstream.received()).not.toContain('/v1/models/secret')
  })
})

describe('an upgrade that the upstream takes', () => {
  it('carries bytes both ways, those sent early too, until the key is revoked', async () => {
    const key = await gateway.createKey({ name: 'socket', scopes: ['models:read'] })
    using raw = await openRaw(gateway.url)
    raw.write(`${handshake('/api/status', key, 'Sec-WebSocket-Protocol: accept-it\r\n')}early `)
    await raw.until('hello')
    raw.write('frames')
    await expect.poll(() => upstream.received()).toContain('early frames')
    await gateway.cli('key', 'revoke', 'socket')
    await raw.closed(3000)
  })
})
