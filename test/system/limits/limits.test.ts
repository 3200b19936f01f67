import { createHash } from 'node:crypto'
import { zstdCompressSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { RequestRecord } from '../../fakes/fake-ollama/counters.ts'
import { openRaw, type RawConnection } from '../../faults/raw-connection.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { hasProcessFacts, residentMegabytes } from '../harness/process-facts.ts'
import { rawRequest, type RawRequest } from '../harness/raw-request.ts'
import { loggedExchange } from '../harness/request-log.ts'

const BODY_LIMIT = 64 * 1024
const BODIES_LIMIT = 160 * 1024

let before: GatewayBefore

beforeAll(async () => {
  before = await startGatewayBefore({}, { config: { limits: { body: '64KB', bodies_total: '160KB' } } })
})
afterAll(() => before[Symbol.asyncDispose]())
beforeEach(() => before.fake.faults.clear())

/** A request for one token whose body has just this size. */
function bodyOf(bytes: number): Buffer {
  const start = '{"model":"tiny","stream":false,"options":{"num_predict":1},"prompt":"'
  return Buffer.from(`${start}${'x'.repeat(bytes - start.length - 2)}"}`)
}

const chatBody = JSON.stringify({ model: 'tiny', max_tokens: 1, messages: [{ role: 'user', content: 'hello' }] })

function open(): Promise<RawConnection> {
  return openRaw(before.gateway.url)
}

function request(path: string, options: RawRequest = {}): Buffer {
  return rawRequest(path, { key: before.key, ...options })
}

function asked(path: string): number {
  return before.fake.counters.snapshot().requests[`POST ${path}`] ?? 0
}

function lastAsked(path: string): RequestRecord | undefined {
  return before.fake.counters.requestsTo(path).at(-1)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

describe('a JSON body', () => {
  it('passes at the limit and is refused one byte beyond, without a word to the upstream', async () => {
    using client = await open()
    client.write(request('/api/generate', { body: bodyOf(BODY_LIMIT) }))
    expect(await client.until('"done":true')).toMatch(/^HTTP\/1\.1 200 /)
    expect(lastAsked('/api/generate')).toMatchObject({ bodyBytes: BODY_LIMIT })
    const since = asked('/api/generate')
    using other = await open()
    other.write(request('/api/generate', { body: bodyOf(BODY_LIMIT + 1), id: 'too-large' }))
    const answer = await other.until(/\r\n\r\n\{[^]*\}/)
    expect(answer).toMatch(
      /^HTTP\/1\.1 413 [^]*corral-error: body_too_large[^]*\{"error":"The request body is larger than 65536 bytes"\}$/,
    )
    expect(asked('/api/generate')).toBe(since)
    expect(await loggedExchange(before.gateway.folder, 'too-large')).toMatchObject({
      status: 413,
      error: 'body_too_large',
    })
  })

  it('beyond the limit is refused in the dialect of its route', async () => {
    const texts: string[] = []
    for (const path of ['/v1/chat/completions', '/v1/messages']) {
      using client = await open()
      client.write(request(path, { body: bodyOf(BODY_LIMIT + 1) }))
      texts.push(await client.until(/\r\n\r\n\{[^]*\}\}/))
    }
    expect(texts[0]).toContain('"code":"body_too_large"')
    expect(texts[1]).toContain('"type":"error","error":{"type":"request_too_large"')
  })

  it('a little beyond the limit leaves the connection usable', async () => {
    using client = await open()
    client.write(request('/api/generate', { body: bodyOf(BODY_LIMIT + 10_000) }))
    client.write(request('/api/version'))
    expect(await client.until('"version"')).toMatch(/^HTTP\/1\.1 413 [^]*HTTP\/1\.1 200 /)
  })

  it('far beyond the limit is answered in words that a client reads which is still sending', async () => {
    using client = await open()
    const total = 8_000_000
    const piece = Buffer.alloc(200_000, 'x')
    client.socket.pause()
    client.write(request('/api/generate', { contentLength: total }))
    for (let sent = 0; sent < total && !client.socket.destroyed; sent += piece.length) {
      client.write(piece)
      await pause(10)
    }
    // Only now it looks at what was answered, as simple clients do.
    client.socket.resume()
    expect((await client.closed()).text).toMatch(/^HTTP\/1\.1 413 [^]*"The request body is larger than 65536 bytes"\}$/)
  })

  it('of unknown length is refused where it crosses the limit, and passed on with its length below it', async () => {
    const chunked = { 'Transfer-Encoding': 'chunked', Connection: 'close' }
    using large = await open()
    large.write(request('/api/generate', { method: 'POST', headers: chunked }))
    for (let sent = 0; sent < 2 * BODY_LIMIT; sent += 4096) large.write(`1000\r\n${'x'.repeat(4096)}\r\n`)
    expect((await large.closed()).text).toMatch(/^HTTP\/1\.1 413 /)
    using small = await open()
    small.write(request('/api/generate', { method: 'POST', headers: chunked }))
    const body = bodyOf(5000)
    small.write(`${body.length.toString(16)}\r\n${body.toString()}\r\n0\r\n\r\n`)
    expect((await small.closed()).text).toMatch(/^HTTP\/1\.1 200 /)
    const record = lastAsked('/api/generate')
    expect(record?.body.equals(body)).toBe(true)
    expect(headerOf(record, 'content-length')).toBe('5000')
    expect(headerOf(record, 'transfer-encoding')).toBeUndefined()
  })
})

describe('all bodies together', () => {
  it('have a budget: what would exceed it is told to come again, and room is given back', async () => {
    const holders = await Promise.all([open(), open()])
    const body = bodyOf(60_000)
    for (const holder of holders)
      holder.write(request('/api/generate', { body: body.subarray(0, -1), contentLength: body.length }))
    await pause(100)
    expect(2 * body.length).toBeLessThan(BODIES_LIMIT)
    using late = await open()
    late.write(request('/api/generate', { body }))
    const refused = await late.until(/\r\n\r\n\{[^]*\}/)
    expect(refused).toMatch(/^HTTP\/1\.1 503 [^]*corral-error: body_budget\r\n[^]*retry-after: 1\r\n/)
    // One is served, one leaves: both give back what they held.
    const [served, left] = holders
    served?.write(body.subarray(-1))
    expect(await served?.until('"done":true')).toMatch(/^HTTP\/1\.1 200 /)
    left?.reset()
    await pause(50)
    const again = await Promise.all([open(), open()])
    for (const client of again) client.write(request('/api/generate', { body }))
    for (const client of again) expect(await client.until('"done":true')).toMatch(/^HTTP\/1\.1 200 /)
    for (const client of [...holders, ...again]) client[Symbol.dispose]()
  })
})

describe('a compressed body', () => {
  const zstd = { 'Content-Encoding': 'zstd', Connection: 'close' }

  async function answerTo(path: string, body: Uint8Array, coding: string): Promise<string> {
    using client = await open()
    client.write(request(path, { body, headers: { ...zstd, 'Content-Encoding': coding } }))
    return (await client.closed()).text
  }

  it('in zstd on /v1 is passed on plain, with the length it has then', async () => {
    const answer = await answerTo('/v1/chat/completions', zstdCompressSync(chatBody), 'zstd')
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    const record = lastAsked('/v1/chat/completions')
    expect(record?.body.toString()).toBe(chatBody)
    expect(headerOf(record, 'content-length')).toBe(String(chatBody.length))
    expect(headerOf(record, 'content-encoding')).toBeUndefined()
  })

  it('that swells beyond the limit is refused, at no cost in memory', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(300_000_000))
    expect(bomb.length).toBeLessThan(BODY_LIMIT)
    const since = asked('/v1/chat/completions')
    const megabytes = hasProcessFacts ? await residentMegabytes(before.gateway.pid) : 0
    for (let i = 0; i < 5; i += 1) {
      const answer = await answerTo('/v1/chat/completions', bomb, 'zstd')
      expect(answer).toMatch(/^HTTP\/1\.1 413 [^]*"code":"body_too_large"/)
    }
    if (hasProcessFacts) expect((await residentMegabytes(before.gateway.pid)) - megabytes).toBeLessThan(60)
    expect(asked('/v1/chat/completions')).toBe(since)
  })

  it('that is broken or cut is a 400, in another coding or elsewhere a 415', async () => {
    const packed = zstdCompressSync(chatBody)
    const since = asked('/v1/chat/completions') + asked('/api/chat')
    expect(await answerTo('/v1/chat/completions', packed.subarray(0, -3), 'zstd')).toMatch(/^HTTP\/1\.1 400 /)
    expect(await answerTo('/v1/chat/completions', Buffer.from(chatBody), 'zstd')).toMatch(/^HTTP\/1\.1 400 /)
    expect(await answerTo('/v1/chat/completions', gzipSync(chatBody), 'gzip')).toMatch(
      /^HTTP\/1\.1 415 [^]*corral-error: unsupported_content_encoding/,
    )
    expect(await answerTo('/v1/chat/completions', packed, 'zstd, gzip')).toMatch(/^HTTP\/1\.1 415 /)
    expect(await answerTo('/api/chat', packed, 'zstd')).toMatch(/^HTTP\/1\.1 415 /)
    expect(asked('/v1/chat/completions') + asked('/api/chat')).toBe(since)
  })
})

describe('a blob', () => {
  /** The SHA-256 of "abc", which the fake has, as Ollama's recordings do. */
  const KNOWN = '/api/blobs/sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'

  it('is passed on byte for byte, however far beyond the limit for JSON', async () => {
    const body = Buffer.alloc(5_000_000, 'weights ')
    const digest = createHash('sha256').update(body).digest('hex')
    using client = await open()
    client.write(request(`/api/blobs/sha256:${digest}`, { body }))
    client.write(request('/api/version'))
    expect(await client.until('"version"', 10_000)).toMatch(/^HTTP\/1\.1 201 [^]*HTTP\/1\.1 200 /)
    expect(lastAsked(`/api/blobs/sha256:${digest}`)).toMatchObject({ bodyBytes: body.length, bodySha256: digest })
  })

  it('in chunks of unknown length is passed on too', async () => {
    const digest = createHash('sha256').update('hello').digest('hex')
    using client = await open()
    client.write(
      request(`/api/blobs/sha256:${digest}`, { method: 'POST', headers: { 'Transfer-Encoding': 'chunked' } }),
    )
    client.write('3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n')
    expect(await client.until(/\r\n\r\n/)).toMatch(/^HTTP\/1\.1 201 /)
  })

  it.each([
    ['small', 100_000],
    ['large', 5_000_000],
  ])(
    'that exists is not read: of a %s one the client gets its 200, and the connection is whole or closed',
    async (_, bytes) => {
      using client = await open()
      const body = Buffer.alloc(bytes, 'x')
      client.write(request(KNOWN, { body: body.subarray(0, bytes / 2), contentLength: bytes }))
      await client.until(/^HTTP\/1\.1 200 [^]*\r\n\r\n/)
      const closes = /^connection: close\r$/im.test(client.text())
      client.write(body.subarray(bytes / 2))
      if (closes) {
        expect((await client.closed()).text).toMatch(/^HTTP\/1\.1 200 /)
      } else {
        client.write(request('/api/version'))
        expect(await client.until('"version"')).toMatch(/HTTP\/1\.1 200 [^]*HTTP\/1\.1 200 /)
      }
      // The fake reads what is little, as Go does; of a large one nothing travels.
      expect(lastAsked(KNOWN)?.bodyBytes).toBeLessThanOrEqual(bytes < 256 * 1024 ? bytes : 0)
    },
  )

  it('that exists is never asked for where the client waits for the word', async () => {
    using client = await open()
    client.write(request(KNOWN, { method: 'POST', contentLength: 5_000_000, headers: { Expect: '100-continue' } }))
    const { text } = await client.closed()
    expect(text).toMatch(/^HTTP\/1\.1 200 /)
    expect(text).not.toContain('100 Continue')
  })

  it('that does not match its digest gets the word of the upstream', async () => {
    using client = await open()
    client.write(request(`/api/blobs/sha256:${'0'.repeat(64)}`, { body: Buffer.from('hello') }))
    expect(await client.until(/\r\n\r\n\{[^]*\}/)).toMatch(/^HTTP\/1\.1 400 [^]*digest mismatch/)
  })
})

function headerOf(record: RequestRecord | undefined, name: string): string | undefined {
  const headers = record?.rawHeaders ?? []
  const at = headers.findIndex((header, index) => index % 2 === 0 && header.toLowerCase() === name)
  return at < 0 ? undefined : headers[at + 1]
}
