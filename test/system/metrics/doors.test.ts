import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type GatewayBefore, startGatewayBefore } from '../harness/gateway-before.ts'
import { makeKey } from '../harness/make-key.ts'
import { MAIN } from '../harness/product-command.ts'
import { rawExchange } from '../harness/raw-exchange.ts'
import { type CommandResult, runCommand } from '../harness/run-command.ts'
import { startGateway } from '../harness/start-gateway.ts'
import { total } from './parse-exposition.ts'
import { scrape } from './scrape.ts'

let before: GatewayBefore
let own: string
beforeAll(async () => {
  const fake = { models: [{ name: 'tiny' }] }
  before = await startGatewayBefore(fake, { config: {}, env: { CORRAL_METRICS_LISTEN: '127.0.0.1:0' } })
  own = /Metrics at (\S+)\/metrics/.exec(before.gateway.stderr())?.[1] ?? ''
})
afterAll(() => before[Symbol.asyncDispose]())

const get = (url: string, key?: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${url}/metrics`, { ...init, headers: key === undefined ? {} : { authorization: `Bearer ${key}` } })

describe('/metrics', () => {
  it('wants a key', async () => {
    expect((await get(before.gateway.url)).status).toBe(401)
    expect((await get(before.gateway.url, 'crl_wrong')).status).toBe(401)
    expect((await fetch(`${before.gateway.url}/k/${before.key}/metrics`)).status).toBe(403)
  })

  it('wants a key with the scope metrics, which may do nothing else', async () => {
    const chat = await makeKey(before.gateway, { scopes: ['chat', 'models:read'] })
    const response = await get(before.gateway.url, chat)
    expect([response.status, response.headers.get('corral-error')]).toEqual([403, 'missing_scope'])
    const metrics = await makeKey(before.gateway, { scopes: ['metrics'] })
    await scrape(before.gateway.url, metrics)
    const tags = await fetch(`${before.gateway.url}/api/tags`, { headers: { authorization: `Bearer ${metrics}` } })
    expect(tags.status).toBe(403)
  })

  it('answers HEAD, and takes nothing else', async () => {
    const head = await get(before.gateway.url, before.key, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await get(before.gateway.url, before.key, { method: 'POST' })).status).toBe(405)
  })
})

describe('a listener of its own', () => {
  it('wants no key, and tells as much', async () => {
    const { families } = await scrape(own)
    expect(total(families, 'corral_build_info')).toBe(1)
    const head = await get(own, undefined, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    expect((await get(own, undefined, { method: 'POST', body: 'x' })).status).toBe(405)
  })

  it('has nothing but the metrics', async () => {
    for (const path of ['/', '/api/tags', '/api/version', '/health', '/admin/keys', '/metrics/', '/agent/v1']) {
      const headers = { authorization: `Bearer ${before.key}` }
      expect([path, (await fetch(own + path, { headers })).status]).toEqual([path, 404])
    }
    const port = Number(new URL(own).port)
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
    const version = 'Sec-WebSocket-Version: 13\r\n'
    const { received } = await rawExchange(
      port,
      `GET /agent/v1 HTTP/1.1\r\nHost: localhost\r\n${upgrade}${version}\r\n`,
    )
    expect(received.toString()).toMatch(/^HTTP\/1\.1 501 /)
  })

  it('serves no web page that has re-bound its name', async () => {
    const port = Number(new URL(own).port)
    const ask = (host: string): Promise<string> =>
      rawExchange(port, `GET /metrics HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`).then(({ received }) =>
        received.toString(),
      )
    expect(await ask('evil.example')).toMatch(/^HTTP\/1\.1 403 /)
    expect(await ask(`localhost:${port}`)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('is closed when the gateway stops', async () => {
    await using gateway = await startGateway({ env: { CORRAL_METRICS_LISTEN: '127.0.0.1:0' } })
    const url = /Metrics at (\S+)\/metrics/.exec(gateway.stderr())?.[1] ?? ''
    await scrape(url)
    expect(await gateway.stop()).toBe(0)
    await expect(get(url)).rejects.toThrow('fetch failed')
  })
})

describe('metrics.listen', () => {
  async function check(metrics: object): Promise<CommandResult> {
    const folder = await mkdtemp(join(tmpdir(), 'corral-metrics-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const config = { listen: '127.0.0.1:11435', upstreams: [], metrics }
    await writeFile(join(folder, 'corral.json'), JSON.stringify(config))
    return runCommand(MAIN, ['config', 'check'], { folder })
  }

  it('is refused where anybody could read it, unless that is meant', async () => {
    const { code, stderr } = await check({ listen: '0.0.0.0:9464' })
    expect(code).not.toBe(0)
    expect(stderr).toMatch(
      /metrics\.listen is 0\.0\.0\.0:9464, where anyone could read the metrics: set metrics\.public/,
    )
    expect(await check({ listen: '0.0.0.0:9464', public: true })).toMatchObject({ code: 0 })
    expect(await check({ listen: '127.0.0.1:9464' })).toMatchObject({ code: 0 })
  })

  it.each([
    [{ listen: '127.0.0.1' }, /metrics\.listen is "127\.0\.0\.1" and should be HOST:PORT such as 127\.0\.0\.1:9464/],
    [{ listen: '127.0.0.1:11435' }, /metrics\.listen is where the gateway itself listens/],
    [{ port: 9464 }, /port/],
  ])('is told in one line what is wrong with %j', async (metrics, sentence) => {
    const { code, stderr } = await check(metrics)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(sentence)
  })
})
