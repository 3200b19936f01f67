import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BodyReceiver, BodyStream, Upstream, UpstreamRequest } from '../../src/proxy/upstream.ts'
import { createOllamaUpstream } from '../../src/upstreams/ollama-upstream.ts'
import { createSeveralUpstreams } from '../../src/upstreams/several-upstreams.ts'
import { startFakeOllama, type FakeOllama } from '../fakes/fake-ollama/fake-ollama.ts'
import { startFarSide } from './far-side.ts'
import { record, type Recorded } from './recording-sink.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const options = { connectTimeoutMs: 1000, instanceId: 'contract' }

function post(path: string, body: object, method = 'POST'): UpstreamRequest {
  const headers = ['Content-Type', 'application/json']
  return { method, target: path, headers, body: [encode(JSON.stringify(body))], once: true }
}

function upload(blob: Uint8Array): UpstreamRequest {
  const body: BodyStream = {
    length: blob.length,
    start(to) {
      queueMicrotask(() => {
        to.data(blob)
        to.end()
      })
      return { resume: () => undefined, stop: () => undefined }
    },
  }
  return { method: 'POST', target: `/api/blobs/${digestOf(blob)}`, headers: [], body }
}

const digestOf = (blob: Uint8Array): string => `sha256:${createHash('sha256').update(blob).digest('hex')}`
const lines = (recorded: Recorded): object[] =>
  recorded
    .text()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object)

describe('several Ollamas by URL, as one Upstream,', () => {
  let a: FakeOllama
  let b: FakeOllama
  let opened: (Upstream & { close(): void })[] = []
  let records: Recorded[] = []

  function connect(name: string, url: string): Upstream {
    const upstream = createOllamaUpstream({ name, url, headers: [], ca: null }, options)
    opened.push(upstream)
    return upstream
  }
  function send(request: UpstreamRequest, upstreams = [connect('a', a.url), connect('b', b.url)]): Recorded {
    const recorded = record(createSeveralUpstreams(upstreams), request)
    records.push(recorded)
    return recorded
  }

  beforeEach(async () => {
    ;[a, b] = await Promise.all([startFakeOllama(), startFakeOllama({ registry: { 'tiny:latest': 1000 } })])
    opened = []
    records = []
  })
  afterEach(async () => {
    const violations = records.flatMap((each) => each.violations())
    for (const upstream of opened) upstream.close()
    await Promise.all([a.stop(), b.stop()])
    expect(violations).toEqual([])
  })

  it('pull a model, and all have it', async () => {
    const recorded = send(post('/api/pull', { model: 'tiny' }))
    await recorded.released
    expect(lines(recorded).at(-1)).toEqual({ status: 'success' })
    expect(recorded.head()?.status).toBe(200)
    for (const fake of [a, b]) expect(fake.models.find('tiny')).toBeDefined()
  })

  it('tell which of them could not, after the others have done it', async () => {
    const recorded = send(post('/api/pull', { model: 'other' }))
    await recorded.released
    expect(lines(recorded).at(-1)).toMatchObject({
      error: 'b: pull model manifest: file does not exist (done on a)',
    })
    expect(a.models.find('other')).toBeDefined()
  })

  it('answer with one object where no stream is wanted', async () => {
    const good = send(post('/api/pull', { model: 'tiny', stream: false }))
    await good.released
    expect(lines(good)).toEqual([{ status: 'success' }])
    const bad = send(post('/api/pull', { model: 'other', stream: false }))
    await bad.released
    expect(bad.head()?.status).toBe(500)
    expect(lines(bad)).toEqual([{ error: 'b: pull model manifest: file does not exist (done on a)' }])
  })

  it('copy, and delete where it is', async () => {
    const copied = send(post('/api/copy', { source: 'tiny', destination: 'twin' }))
    expect(await copied.released).toEqual(['accepted', 'head 200', 'end', 'released'])
    b.models.remove('twin')
    const deleted = send(post('/api/delete', { model: 'twin' }, 'DELETE'))
    await deleted.released
    expect(deleted.head()?.status).toBe(200)
    expect(a.models.find('twin')).toBeUndefined()
    const again = send(post('/api/delete', { model: 'twin' }, 'DELETE'))
    await again.released
    expect([again.head()?.status, again.text()]).toEqual([404, `{"error":"a, b: model 'twin' not found"}`])
  })

  it('stop all of them when they are stopped', async () => {
    const [slow, slower] = await Promise.all(
      [1, 2].map(() => startFakeOllama({ registry: { 'big:latest': 1e9 }, pullBytesPerSecond: 100_000 })),
    )
    if (slow === undefined || slower === undefined) throw new Error('two were started')
    const recorded = send(post('/api/pull', { model: 'big' }), [connect('a', slow.url), connect('b', slower.url)])
    await Promise.all([slow, slower].map((fake) => fake.counters.until(({ bytesOut }) => bytesOut > 0)))
    await recorded.until('data')
    recorded.attempt.abort('client-gone')
    await recorded.released
    await Promise.all([slow, slower].map((fake) => fake.counters.until(({ aborted }) => aborted === 1)))
    await Promise.all([slow.stop(), slower.stop()])
  })

  it('take one upload, those that lack it', async () => {
    const blob = new Uint8Array(3_000_000).fill(7)
    const single = record(connect('b', b.url), upload(blob))
    await single.released
    expect(single.head()?.status).toBe(201)
    const head = { method: 'HEAD', target: `/api/blobs/${digestOf(blob)}`, headers: [], body: null }
    const missing = send(head)
    await missing.released
    expect(missing.head()?.status).toBe(404)
    const both = send(upload(blob))
    await both.released
    expect(both.head()?.status).toBe(201)
    expect(b.counters.requestsTo(head.target).at(-1)?.bodyBytes).toBe(0)
    const there = send(head)
    expect(await there.released).toEqual(['accepted', 'head 200', 'end', 'released'])
    expect(there.head()?.status).toBe(200)
  })

  it('take an upload at the pace of the slowest', async () => {
    await using far = await startFarSide()
    let receiver: BodyReceiver | undefined
    let start: () => void = () => undefined
    const started = new Promise<void>((resolve) => (start = resolve))
    const body: BodyStream = {
      start(to) {
        receiver = to
        start()
        return { resume: () => undefined, stop: () => undefined }
      },
    }
    const request = { method: 'POST', target: `/api/blobs/sha256:${'0'.repeat(64)}`, headers: [], body }
    const recorded = send(request, [connect('a', a.url), connect('far', far.url)])
    const asked = await far.request()
    asked.pause()
    asked.write('HTTP/1.1 100 Continue\r\n\r\n')
    await started
    let sent = 0
    while (receiver?.data(new Uint8Array(256 * 1024)) === true && sent < 256) sent += 1
    // What the kernel takes for a reader that has stopped; the other one would take all.
    expect(sent).toBeLessThan(256)
    recorded.attempt.abort('client-gone')
    await recorded.released
  })
})
