import { describe, expect, it } from 'vitest'
import { createListener } from '../../../src/http/listener.ts'
import type { ClientRequest } from '../../../src/proxy/client-port.ts'
import type { DuplexPort } from '../../../src/proxy/upstream.ts'
import { openRaw } from '../raw-connection.ts'
import { answerText, pause, startListening, type Listening } from './listening.ts'
import { selfSigned } from './self-signed.ts'

const GET = 'GET /x?y HTTP/1.1\r\nHost: gw\r\n\r\n'
const upgradeTo = (protocol: string, ...fields: string[]) =>
  `GET /x HTTP/1.1\r\nHost: gw\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\n${fields.join('')}\r\n`

describe('a request', () => {
  it('is handed on as it stood', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write('POST /a%41/../b?x=%zz#f HTTP/1.0\r\nhOsT: gw\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 0\r\n\r\n')
    const { request } = await edge.next()
    expect(request).toMatchObject({ method: 'POST', httpVersion: '1.0', target: '/a%41/../b?x=%zz#f' })
    expect(request.headers).toEqual(['hOsT', 'gw', 'X-A', '1', 'x-a', '2', 'Content-Length', '0'])
    expect(request).toMatchObject({ address: '127.0.0.1', confidential: true, body: null })
  })

  it('keeps all its fields, so that too many can be counted', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(`GET /x HTTP/1.1\r\nHost: gw\r\n${'a:b\r\n'.repeat(2500)}\r\n`)
    expect((await edge.next()).request.headers.length).toBe(2 * 2501)
  })

  it('comes from where a trusted proxy says', async () => {
    await using edge = await startListening({ trustedProxies: ['127.0.0.0/8'] })
    using raw = await openRaw(edge.url)
    raw.write(
      'GET /x HTTP/1.1\r\nHost: gw\r\nX-Forwarded-For: 6.6.6.6, 198.51.100.7\r\nX-Forwarded-Proto: https\r\n\r\n',
    )
    expect((await edge.next()).request).toMatchObject({ address: '198.51.100.7', confidential: true })
  })
})

describe('an upgrade', () => {
  async function startUpgrading(): Promise<{
    edge: Listening
    next: Promise<{ request: ClientRequest; port: DuplexPort }>
  }> {
    const { promise, resolve } = Promise.withResolvers<{ request: ClientRequest; port: DuplexPort }>()
    return { edge: await startListening({ upgrade: (request, port) => resolve({ request, port }) }), next: promise }
  }

  it('to websocket hands over the raw bytes, those already read first', async () => {
    const { edge, next } = await startUpgrading()
    await using _ = edge
    using raw = await openRaw(edge.url)
    raw.write(`${upgradeTo('WebSocket')}early`)
    const { request, port } = await next
    expect(request.target).toBe('/x')
    let seen = ''
    port.onData((chunk) => {
      seen += Buffer.from(chunk).toString()
      return true
    })
    port.write(Buffer.from('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
    await raw.until('101')
    raw.write('-late')
    while (seen !== 'early-late') await pause(1)
    const closed = new Promise<void>((resolve) => port.onClose(resolve))
    raw.half()
    await closed
    expect(edge.clients).toEqual([])
  })

  it('stops reading while its receiver is full, and tells of room to write', async () => {
    const { edge, next } = await startUpgrading()
    await using _ = edge
    using raw = await openRaw(edge.url)
    raw.write(upgradeTo('websocket'))
    const { port } = await next
    let received = 0
    port.onData((chunk) => {
      received += chunk.length
      return false
    })
    for (let i = 0; i < 100; i += 1) raw.write(Buffer.alloc(65_536))
    await pause(50)
    expect(received).toBeLessThan(200_000)
    while (received < 100 * 65_536) {
      port.resume()
      await pause(0)
    }
    raw.socket.pause()
    const drained = new Promise<void>((resolve) => port.onDrain(resolve))
    while (port.write(Buffer.alloc(65_536))) await pause(0)
    raw.socket.resume()
    await drained
    port.destroy()
    await raw.closed()
  })

  it.each([
    ['h2c', upgradeTo('h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__\r\n')],
    ['something unknown', upgradeTo('foo/2')],
    ['websocket and more', upgradeTo('websocket, h2c')],
    ['websocket by POST', upgradeTo('websocket').replace('GET', 'POST')],
    ['websocket with a body', `${upgradeTo('websocket', 'Content-Length: 3\r\n')}abc`],
    ['websocket on HTTP/1.0', upgradeTo('websocket').replace('HTTP/1.1', 'HTTP/1.0')],
  ])('to %s is an ordinary request, the last of its connection', async (_name, bytes) => {
    const { edge } = await startUpgrading()
    await using _ = edge
    using raw = await openRaw(edge.url)
    raw.write(bytes + GET)
    answerText(await edge.next(), 'plain')
    expect((await raw.closed()).text).toMatch(/^HTTP\/1\.1 200 [^]*connection: close[^]*plain$/i)
    expect(edge.clients).toHaveLength(1)
  })

  it('behind a request that is still being answered is not looked at', async () => {
    const { edge } = await startUpgrading()
    await using _ = edge
    using raw = await openRaw(edge.url)
    raw.write(GET + upgradeTo('websocket'))
    answerText(await edge.next(), 'one')
    expect((await raw.closed()).text).toMatch(/^HTTP\/1\.1 200 [^]*one$/)
    expect(edge.clients).toHaveLength(1)
  })
})

describe('TLS', () => {
  it('serves https, and calls what comes over it confidential', async () => {
    await using edge = await startListening({ tls: selfSigned, answer: (client) => answerText(client, 'safe') })
    expect(edge.url).toMatch(/^https:/)
    using raw = await openRaw(edge.url, { tls: true })
    raw.write(GET)
    await raw.until('safe')
    expect(edge.clients[0]?.request.confidential).toBe(true)
    raw.write('garbage\r\n\r\n')
    expect((await raw.closed()).text).toContain('strict-transport-security: max-age=')
  })

  it('tells of a client that leaves', async () => {
    await using edge = await startListening({ tls: selfSigned })
    using raw = await openRaw(edge.url, { tls: true })
    raw.write(GET)
    await edge.next()
    raw.socket.destroy()
    const start = Date.now()
    while (edge.gone.length === 0 && Date.now() - start < 200) await pause(2)
    expect(edge.gone).toHaveLength(1)
  })

  it('closes on plain bytes and serves on', async () => {
    await using edge = await startListening({ tls: selfSigned, answer: (client) => answerText(client, 'safe') })
    using plain = await openRaw(edge.url)
    plain.write(GET)
    expect((await plain.closed()).text).not.toContain('HTTP')
    using raw = await openRaw(edge.url, { tls: true })
    raw.write(GET)
    await raw.until('safe')
  })
})

describe('listen', () => {
  it('takes several addresses and says where each is', async () => {
    await using edge = await startListening({ answer: (client) => answerText(client, 'ok') })
    const second = await edge.listener.listen({ host: '::1', port: 0 }).catch(() => null)
    if (second === null) return
    expect(second).toMatch(/^http:\/\/\[::1\]:\d+$/)
    using raw = await openRaw(second)
    raw.write(GET)
    await raw.until('ok')
  })

  it('fails where the port is taken', async () => {
    await using edge = await startListening()
    const listener = createListener({ tls: null, trustedProxies: [] }, { request() {}, upgrade() {} })
    const port = Number(new URL(edge.url).port)
    await expect(listener.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('stopAccepting', () => {
  it('refuses new connections, lets answers end and then closes their connections', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    using idle = await openRaw(edge.url)
    raw.write(GET)
    const client = await edge.next()
    client.head(200, [])
    client.data(Buffer.from('begin'))
    const stopped = edge.listener.stopAccepting()
    await expect(openRaw(edge.url)).rejects.toThrow()
    edge.listener.closeIdle()
    await idle.closed()
    client.data(Buffer.from('end'))
    client.end()
    await raw.until('end\r\n0\r\n\r\n')
    edge.listener.closeIdle()
    await raw.closed()
    await stopped
  })

  it('says close in answers from then on', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url)
    raw.write(GET)
    const client = await edge.next()
    const stopped = edge.listener.stopAccepting()
    answerText(client, 'ok')
    expect((await raw.closed()).text).toMatch(/connection: close[^]*ok$/i)
    await stopped
  })

  it('does not cut what a slow reader has not read yet', async () => {
    await using edge = await startListening()
    using raw = await openRaw(edge.url, { isPaused: true })
    raw.write(GET)
    const size = 8_000_000
    answerText(await edge.next(), 'x'.repeat(size))
    const stopped = edge.listener.stopAccepting()
    edge.listener.closeIdle()
    await pause(50)
    let received = 0
    raw.socket.on('data', (chunk: Buffer) => {
      received += chunk.length
    })
    await raw.closed()
    await stopped
    expect(received).toBeGreaterThan(size)
  })
})
