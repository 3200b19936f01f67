import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openRaw } from '../../faults/raw-connection.ts'
import { startGatewayBefore, upstreamFacts, type GatewayBefore } from '../harness/gateway-before.ts'
import { rawRequest } from '../harness/raw-request.ts'
import { loggedExchange } from '../harness/request-log.ts'

let before: GatewayBefore

beforeAll(async () => {
  before = await startGatewayBefore()
})
afterAll(() => before[Symbol.asyncDispose]())

const seconds = 1000
/** What Corral's own clocks may be late by: they look twice a second. */
const SLACK = 3 * seconds

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

describe.concurrent('a slow client is cut off', () => {
  it('after ten seconds in its headers, whether it trickles or is silent', async () => {
    using trickling = await openRaw(before.gateway.url)
    using silent = await openRaw(before.gateway.url)
    const startedAt = performance.now()
    const start = 'GET /api/version HTTP/1.1\r\nHost: localhost\r\n'
    trickling.write(start)
    silent.write(start)
    const timer = setInterval(() => trickling.write('X-More: 1\r\n'), 500)
    const [first, second] = await Promise.all([trickling.closed(20 * seconds), silent.closed(20 * seconds)])
    clearInterval(timer)
    const took = performance.now() - startedAt
    expect(took).toBeGreaterThan(9 * seconds)
    expect(took).toBeLessThan(10 * seconds + SLACK)
    for (const { text } of [first, second]) expect(text).toMatch(/^HTTP\/1\.1 408 [^]*header_timeout/)
  })

  it('after thirty seconds of silence in a JSON body, in words', async () => {
    using client = await openRaw(before.gateway.url)
    client.write(
      rawRequest('/api/chat', { key: before.key, id: 'silent-json', body: '{"model":', contentLength: 5000 }),
    )
    const startedAt = performance.now()
    const { text } = await client.closed(45 * seconds)
    expect(performance.now() - startedAt).toBeGreaterThan(29 * seconds)
    expect(performance.now() - startedAt).toBeLessThan(30 * seconds + SLACK)
    expect(text).toMatch(/^HTTP\/1\.1 408 [^]*\{"error":"The request body stalled"\}$/)
    expect(await loggedExchange(before.gateway.folder, 'silent-json')).toMatchObject({
      status: 408,
      error: 'body_timeout',
    })
  })

  it('after thirty seconds of silence in a blob, and the upstream is let go of', async () => {
    const path = `/api/blobs/sha256:${'7'.repeat(64)}`
    using client = await openRaw(before.gateway.url)
    client.write(
      rawRequest(path, { key: before.key, id: 'silent-blob', body: Buffer.alloc(10_000), contentLength: 50_000 }),
    )
    const { text } = await client.closed(45 * seconds)
    expect(text).toMatch(/^HTTP\/1\.1 408 [^]*\{"error":"The request body stalled"\}$/)
    await vi.waitFor(() => expect(before.fake.counters.requestsTo(path).at(-1)?.ending).toBe('aborted'))
    expect(await upstreamFacts(before)).toMatchObject({ state: 'up' })
    expect(await loggedExchange(before.gateway.folder, 'silent-blob')).toMatchObject({
      status: 408,
      ending: 'refused',
      error: 'body_timeout',
    })
  })

  it('but not one that uploads a blob slowly and steadily', async () => {
    const path = `/api/blobs/sha256:${'8'.repeat(64)}`
    using client = await openRaw(before.gateway.url)
    const pieces = 40
    client.write(rawRequest(path, { method: 'POST', key: before.key, contentLength: pieces * 1000 }))
    for (let sent = 0; sent < pieces; sent += 1) {
      await pause(1 * seconds)
      client.write('x'.repeat(1000))
    }
    expect(await client.until(/\r\n\r\n\{[^]*\}/)).toMatch(/^HTTP\/1\.1 400 [^]*digest mismatch/)
  })
})
