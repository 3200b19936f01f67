import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { openRaw } from '../../faults/raw-connection.ts'
import { startGatewayBefore, type GatewayBefore } from '../harness/gateway-before.ts'
import { hasProcessFacts, residentMegabytes } from '../harness/process-facts.ts'
import { rawRequest } from '../harness/raw-request.ts'
import { whenAtRest } from '../harness/when-at-rest.ts'
import { openSlowReader, type SlowReader } from './slow-reader.ts'

const MEGABYTE = 1_000_000
/** What sockets, kernel and gateway hold between an upstream and a reader that has stopped, at most. */
const HELD_BYTES = 16 * MEGABYTE
const ANSWER_BYTES = 40 * MEGABYTE

let before: GatewayBefore

beforeAll(async () => {
  before = await startGatewayBefore()
})
afterAll(() => before[Symbol.asyncDispose]())
beforeEach(() => {
  before.fake.faults.clear()
  before.fake.faults.add({ kind: 'flood', route: '/api/generate', bytes: ANSWER_BYTES })
})

const prompt = { model: 'tiny', prompt: 'hello' }

function readThrough(): Promise<SlowReader> {
  return openSlowReader(before.gateway.port, rawRequest('/api/generate', { key: before.key, body: prompt }))
}

async function readDirectly(): Promise<{ sha256: string; bytes: number }> {
  using reader = await openSlowReader(before.fake.port, rawRequest('/api/generate', { body: prompt }))
  return await reader.body
}

function written(): number {
  return before.fake.counters.snapshot().bytesOut
}

describe('a client that stops reading', () => {
  it('stops the upstream, and gets every byte when it reads on', async () => {
    const expected = await readDirectly()
    const start = written()
    using reader = await readThrough()
    reader.pause()
    const atRest = await whenAtRest(written)
    expect(atRest - start).toBeGreaterThan(0)
    expect(atRest - start).toBeLessThan(HELD_BYTES)
    reader.resume()
    expect(await reader.body).toEqual(expected)
  })

  it('does so more than once in one answer', async () => {
    const expected = await readDirectly()
    const start = written()
    using reader = await readThrough()
    for (let stop = 1; stop <= 3; stop += 1) {
      reader.pause()
      expect((await whenAtRest(written, { quietMs: 200 })) - start).toBeLessThan(reader.received() + HELD_BYTES)
      reader.resume()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    expect(await reader.body).toEqual(expected)
  })

  it('does not slow its neighbour', async () => {
    using stalled = await readThrough()
    stalled.pause()
    await whenAtRest(written, { quietMs: 200 })
    using neighbour = await readThrough()
    expect((await neighbour.body).bytes).toBeGreaterThanOrEqual(ANSWER_BYTES)
    expect(stalled.received()).toBeLessThan(ANSWER_BYTES)
  })

  it('and leaves with a reset ends the work for it', async () => {
    using client = await openRaw(before.gateway.url, { isPaused: true })
    client.socket.pause()
    client.write(rawRequest('/api/generate', { key: before.key, body: prompt }))
    await before.fake.counters.until((snapshot) => snapshot.running > 0)
    await whenAtRest(written, { quietMs: 200 })
    client.reset()
    await before.fake.counters.until((snapshot) => snapshot.running === 0, 1000)
  })

  it.skipIf(!hasProcessFacts)('costs the gateway little memory, and so do twenty of them', async () => {
    const megabytesBefore = await residentMegabytes(before.gateway.pid)
    const readers = await Promise.all(Array.from({ length: 20 }, readThrough))
    for (const reader of readers) reader.pause()
    await whenAtRest(written)
    const megabytes = await residentMegabytes(before.gateway.pid)
    for (const reader of readers) reader[Symbol.dispose]()
    expect(megabytes - megabytesBefore).toBeLessThan(80)
  })
})

describe('an upload to an upstream that has stopped reading', () => {
  it('stops its sender, and arrives whole when the upstream reads on', async () => {
    const { fake, gateway, key } = before
    const body = Buffer.alloc(ANSWER_BYTES, 'corral ')
    const digest = createHash('sha256').update(body).digest('hex')
    const path = `/api/blobs/sha256:${digest}`
    fake.faults.add({ kind: 'stall-upload', route: path, forMs: 2000 })
    const socket = connect(gateway.port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('latin1')))
    const sent = (): number => socket.bytesWritten - socket.writableLength
    socket.write(rawRequest(path, { method: 'POST', key, contentLength: body.length }))
    for (let at = 0; at < body.length; at += MEGABYTE / 10) socket.write(body.subarray(at, at + MEGABYTE / 10))
    const atRest = await whenAtRest(sent)
    expect(atRest).toBeLessThan(HELD_BYTES)
    const { last } = await fake.counters.until(
      (snapshot) => snapshot.last.some((record) => record.target === path && record.ending === 'complete'),
      15_000,
    )
    const record = last.findLast((each) => each.target === path)
    expect(record).toMatchObject({ status: 201, bodyBytes: body.length, bodySha256: digest })
    await expect.poll(() => answer).toMatch(/^HTTP\/1\.1 201 /)
    socket.destroy()
  })
})
