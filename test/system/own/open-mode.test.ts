import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startFakeOllama, type FakeOllama } from '../../fakes/fake-ollama/fake-ollama.ts'
import { parseResponse } from '../harness/parse-response.ts'
import { rawExchange } from '../harness/raw-exchange.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

let fake: FakeOllama
let gateway: RunningGateway

beforeAll(async () => {
  fake = await startFakeOllama({ models: [{ name: 'tiny' }] })
  gateway = await startGateway({ config: { auth: { mode: 'none' }, upstreams: [{ name: 'fake', url: fake.url }] } })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await fake.stop()
})

async function withHost(host: string, path = '/api/tags'): Promise<number | undefined> {
  const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`
  return parseResponse((await rawExchange(gateway.port, request)).received, { closed: true })?.status
}

describe('auth.mode: none', () => {
  it('serves without a key, or with any', async () => {
    for (const headers of [{}, { authorization: 'Bearer whatever' }, { 'x-api-key': 'x' }]) {
      const body = '{"model":"tiny","stream":false,"prompt":"hi"}'
      expect((await fetch(`${gateway.url}/api/generate`, { method: 'POST', headers, body })).status).toBe(200)
    }
    expect((await fetch(`${gateway.url}/k/anything/api/tags`)).status).toBe(200)
    expect(gateway.stderr()).not.toContain('crl_')
  })

  it('lets nobody manage it', async () => {
    for (const path of ['/admin/keys', '/admin/status']) {
      const refused = await fetch(gateway.url + path)
      expect([refused.status, await refused.text()]).toEqual([
        403,
        expect.stringContaining(JSON.stringify('auth.mode none gives nobody the scope "admin"')),
      ])
    }
    expect(await (await fetch(`${gateway.url}/health`)).json()).toEqual({ status: 'ok' })
  })

  it('serves by names of this machine alone, so that a re-bound one gets nothing', async () => {
    for (const host of ['localhost', `127.0.0.1:${gateway.port}`, 'app.localhost:1', '[::1]:11435']) {
      expect([host, await withHost(host)]).toEqual([host, 200])
    }
    fake.counters.reset()
    for (const host of ['evil.example', `evil.example:${gateway.port}`, 'localhost.evil.example', '203.0.113.9']) {
      for (const path of ['/api/status', '/', '/v1/models/tiny']) {
        expect([host, await withHost(host, path)]).toEqual([host, 403])
      }
    }
    expect(fake.counters.requestsTo('/api/status')).toEqual([])
  })

  it('does not start where others could reach it, unless that is said', async () => {
    const wide = startGateway({ config: { auth: { mode: 'none' } }, args: ['--listen', '0.0.0.0:0'] })
    await expect(wide).rejects.toThrow('auth.none_public')
  })
})
