import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { openRaw, type RawConnection } from '../../faults/raw-connection.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

let echo: FakeOllama
let deaf: FakeOllama
let gateway: RunningGateway
let before: RunningGateway

beforeAll(async () => {
  echo = await startFakeOllama({ upgrades: 'echo' })
  deaf = await startFakeOllama()
  const cors = { origins: ['https://app.example'] }
  gateway = await startGateway({ config: { cors, upstreams: [{ name: 'echo', url: echo.url }] } })
  before = await startGateway({ config: { upstreams: [{ name: 'deaf', url: deaf.url }] } })
})
afterAll(async () => {
  await Promise.all([gateway[Symbol.asyncDispose](), before[Symbol.asyncDispose]()])
  await Promise.all([echo.stop(), deaf.stop()])
})

const HANDSHAKE =
  'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n'

async function upgrade(to: RunningGateway, path: string, ...fields: string[]): Promise<RawConnection> {
  const raw = await openRaw(to.url)
  raw.write(`GET ${path} HTTP/1.1\r\nHost: gw\r\n${HANDSHAKE}${fields.map((field) => `${field}\r\n`).join('')}\r\n`)
  return raw
}

const bearer = (to: RunningGateway): string => `Authorization: Bearer ${to.adminKey}`

describe('Upgrade: websocket', () => {
  it('is relayed both ways where the upstream accepts it', async () => {
    using raw = await upgrade(gateway, '/api/status', bearer(gateway), 'Cookie: a=b')
    await raw.until('101 Switching Protocols')
    raw.write('ping and \u0000\u00ff')
    expect(await raw.until('ping')).toMatch(/\r\n\r\nping and \0\u00ff$/)
    raw.half()
    expect((await raw.closed()).ending).toBe('end')
  })

  it('opens with a key in the path, and keeps credentials to itself', async () => {
    using raw = await upgrade(gateway, `/k/${gateway.adminKey}/api/status?x=1`, 'Cookie: secret=1')
    await raw.until('101 Switching Protocols')
  })

  it('passes the refusal of the upstream on', async () => {
    using raw = await upgrade(before, '/api/status', bearer(before))
    const { text } = await raw.closed()
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\{"cloud":/)
    deaf.faults.add({ kind: 'busy-503', route: '/api/status' })
    using busy = await upgrade(before, '/api/status', bearer(before))
    expect((await busy.closed()).text).toMatch(/^HTTP\/1\.1 503 [^]*server busy/)
  })

  it('needs a key, a listed route, and a page of a listed origin', async () => {
    const refused: readonly (readonly [string, string[], RegExp])[] = [
      ['/api/status', [], /^HTTP\/1\.1 401 [^]*corral-error: no_credential/],
      ['/api/status', ['Authorization: Bearer crl_wrong'], /^HTTP\/1\.1 401 [^]*wrong_credential/],
      ['/nothing', [bearer(gateway)], /^HTTP\/1\.1 404 /],
      ['/api/chat', [bearer(gateway)], /^HTTP\/1\.1 405 /],
      ['/admin/status', [bearer(gateway)], /^HTTP\/1\.1 501 /],
      ['/api/status', [bearer(gateway), 'Origin: https://evil.example'], /^HTTP\/1\.1 403 [^]*origin_denied/],
      ['/api/../api/status', [bearer(gateway)], /^HTTP\/1\.1 400 /],
    ]
    echo.counters.reset()
    for (const [path, fields, expected] of refused) {
      using raw = await upgrade(gateway, path, ...fields)
      const { text } = await raw.closed()
      expect(text).toMatch(expected)
      expect(text).toContain('x-content-type-options: nosniff')
    }
    using listed = await upgrade(gateway, '/api/status', bearer(gateway), 'Origin: https://app.example')
    await listed.until('101 Switching Protocols')
  })

  it('is a 502 where the upstream has gone', async () => {
    const gone = await startFakeOllama({ upgrades: 'echo' })
    await using alone = await startGateway({
      config: { upstreams: [{ name: 'gone', url: gone.url }], routing: { health_interval: '1h' } },
    })
    await gone.stop()
    using raw = await upgrade(alone, '/api/status', bearer(alone))
    expect((await raw.closed()).text).toMatch(/^HTTP\/1\.1 50[23] /)
  })
})
