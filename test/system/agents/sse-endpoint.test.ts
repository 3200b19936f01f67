import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseResponse } from '../harness/parse-response.ts'
import { createAgentKey } from '../harness/start-agent.ts'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'
import { batchOf, greeting, ping } from './raw-agent.ts'
import { openStream, type RawStream } from './raw-stream.ts'

let gateway: RunningGateway
let key: string
let otherKey: string

beforeAll(async () => {
  gateway = await startGateway({ config: { agents: { heartbeat: '60s' } } })
  key = await createAgentKey(gateway)
  otherKey = await createAgentKey(gateway)
})
afterAll(() => gateway[Symbol.asyncDispose]())

async function greeted(id: string): Promise<RawStream> {
  const stream = await openStream(gateway, key, greeting(id))
  await stream.raw.until('data: ')
  return stream
}

async function told(answer: Response): Promise<[number, unknown]> {
  return [answer.status, await answer.json()]
}

/** The batches that came down, as their numbers beside what they hold. */
function events(stream: RawStream): { id: number; bytes: Buffer }[] {
  const response = parseResponse(Buffer.from(stream.raw.text(), 'latin1'))
  const text = response?.body.toString('latin1') ?? ''
  return [...text.matchAll(/^id: (\d+)\ndata: (\S+)\n\n/gm)].map((match) => ({
    id: Number(match[1]),
    bytes: Buffer.from(match[2] ?? '', 'base64'),
  }))
}

const PONG = 0x0e

/** Answers to pings, whatever else came down with them: ACKs have their own time. */
function pongs(stream: RawStream): number {
  return events(stream)
    .flatMap(({ bytes }) => frameTypes(bytes))
    .filter((type) => type === PONG).length
}

function frameTypes(batch: Buffer): number[] {
  const types: number[] = []
  for (let at = 4; at + 9 <= batch.length; at += 9 + batch.readUIntBE(at, 3)) types.push(batch.readUInt8(at + 3))
  return types
}

describe('POST /agent/v1/sse', () => {
  it('answers with a stream that proxies pass on, and the answer to the greeting in it', async () => {
    using stream = await greeted('streamer')
    const text = stream.raw.text()
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    for (const field of [
      'content-type: text/event-stream',
      'cache-control: no-store, no-transform',
      'x-accel-buffering: no',
      'x-content-type-options: nosniff',
    ]) {
      expect(text).toContain(`\r\n${field}\r\n`)
    }
    expect(parseResponse(Buffer.from(text, 'latin1'))?.body.toString()).toMatch(/^: {2048}\n\nid: 1\ndata: /)
    const [first] = events(stream)
    expect(first?.bytes.readUInt32BE(0)).toBe(first?.id)
    expect(first?.bytes.toString()).toContain(`"session_id":"${stream.session}"`)
    expect(stream.session).toMatch(/^[\w-]{22}$/)
  })

  it('opens nothing for what is no batch, or is too much', async () => {
    const ask = (body: Uint8Array): Promise<Response> =>
      fetch(`${gateway.url}/agent/v1/sse`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: new Uint8Array(body),
      })
    expect((await ask(Buffer.from('hello'))).status).toBe(400)
    expect((await ask(Buffer.alloc(0))).status).toBe(400)
    const large = await ask(Buffer.alloc(256 * 1024 + 5))
    expect(await told(large)).toEqual([413, { error: 'The request body is larger than 262148 bytes' }])
  })

  it('ends with a reason for a greeting that is none', async () => {
    const event = batchOf(1, { type: 'event', level: 'info', text: 'hello' })
    using stream = await openStream(gateway, key, event)
    await stream.raw.until('event: close\ndata: 4400 The first frame must be the greeting\n\n')
    await stream.raw.until('\r\n0\r\n\r\n')
  })
})

describe('POST /agent/v1/up', () => {
  it('takes each batch once, and says which one is missing', async () => {
    using stream = await greeted('uploader')
    expect(await told(await stream.post(batchOf(2, ping)))).toEqual([200, { ack: 2 }])
    await expect.poll(() => pongs(stream)).toBe(1)
    expect(await told(await stream.post(batchOf(2, ping)))).toEqual([200, { ack: 2 }])
    expect(await told(await stream.post(batchOf(4, ping)))).toEqual([409, { expect: 3 }])
    expect(await told(await stream.post(batchOf(3, ping)))).toEqual([200, { ack: 3 }])
    await expect.poll(() => pongs(stream)).toBe(2)
    const ids = events(stream).map(({ id }) => id)
    expect(ids).toEqual(ids.map((_, index) => index + 1))
  })

  it('answers the heartbeat down the stream', async () => {
    using stream = await greeted('alive')
    expect(await told(await stream.post(Buffer.from('ping')))).toEqual([200, { ack: 1 }])
    await stream.raw.until('\n: pong\n\n')
  })

  it('knows no session but those of the same key', async () => {
    using stream = await greeted('mine')
    const gone = [410, { error: 'There is no such session of an agent' }]
    expect(await told(await stream.post(batchOf(2, ping), { session: 'x'.repeat(22) }))).toEqual(gone)
    expect(await told(await stream.post(batchOf(2, ping), { session: '' }))).toEqual(gone)
    expect(await told(await stream.post(batchOf(2, ping), { key: otherKey }))).toEqual(gone)
    expect(await told(await stream.post(batchOf(2, ping)))).toEqual([200, { ack: 2 }])
  })

  it('refuses what is no batch, or is too much, and the session goes on', async () => {
    using stream = await greeted('sturdy')
    expect((await stream.post(Buffer.from('pang'))).status).toBe(400)
    expect((await stream.post(Buffer.alloc(300 * 1024))).status).toBe(413)
    expect((await stream.post(batchOf(2, ping))).status).toBe(200)
  })

  it('finds no session whose stream has ended', async () => {
    for (const leave of [(it: RawStream) => it.raw.reset(), (it: RawStream) => it.raw.half()]) {
      const stream = await greeted('leaver')
      leave(stream)
      await expect.poll(async () => (await stream.post(batchOf(2, ping))).status).toBe(410)
    }
  })
})
