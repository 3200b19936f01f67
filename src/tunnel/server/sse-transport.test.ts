import { describe, expect, it } from 'vitest'
import type { ClientPort } from '../../proxy/client-port.ts'
import { createSseSessions, type SseReceipt, type SseSessions, type SseTransport } from './sse-transport.ts'

function batch(seq: number, payload = ''): Buffer {
  const frame = Buffer.concat([Buffer.alloc(9), Buffer.from(payload)])
  frame.writeUIntBE(payload.length, 0, 3)
  const number = Buffer.alloc(4)
  number.writeUInt32BE(seq)
  return Buffer.concat([number, frame])
}

interface Scene {
  readonly sessions: SseSessions
  readonly transport: SseTransport
  readonly heard: string[]
  readonly client: { room: boolean; text: string; state: string; headers: readonly string[]; drain(): void; go(): void }
  post(body: Uint8Array, as?: { sessionId?: string; keyId?: string }): SseReceipt
  over(): number
}

function setUp(first = 1): Scene {
  const client = { room: true, text: '', state: 'open', headers: [] as readonly string[], drain() {}, go() {} }
  const port: Partial<ClientPort> = {
    head: (status, headers) => void (client.headers = [String(status), ...headers]),
    data(chunk) {
      client.text += Buffer.from(chunk).toString('latin1')
      return client.room
    },
    end: () => void (client.state = 'ended'),
    reset: () => void (client.state = 'reset'),
    onDrain: (listener) => void (client.drain = listener),
    onGone: (listener) => void (client.go = listener),
  }
  const heard: string[] = []
  let ends = 0
  const sessions = createSseSessions({ randomId: () => 's1' })
  const opening = { greeting: batch(first, 'hi'), keyId: 'k1', headers: ['x-a', 'b'], over: () => void ends++ }
  const transport = sessions.open(port as ClientPort, opening)
  transport.listen({
    batch: (bytes) => heard.push(`batch ${Buffer.from(bytes).readUInt32BE(0)}`),
    text: (text) => heard.push(text),
    drained: () => heard.push('drained'),
    closed: (code, reason) => heard.push(`closed ${code} ${reason}`),
  })
  const post: Scene['post'] = (body, { sessionId = 's1', keyId = 'k1' } = {}) =>
    sessions.receive({ sessionId, keyId, body })
  return { sessions, transport, heard, client, post, over: () => ends }
}

const turn = (): Promise<void> => Promise.resolve()

describe('an event stream', () => {
  it('says that it is one, names the session, and begins with what proxies wait for', async () => {
    const { client, heard, transport } = setUp()
    expect(client.headers).toEqual([
      '200',
      ...['content-type', 'text/event-stream', 'cache-control', 'no-store, no-transform', 'x-accel-buffering', 'no'],
      ...['corral-session', 's1', 'x-a', 'b'],
    ])
    expect(client.text).toMatch(/^: {2048}\n\n$/)
    expect([transport.id, transport.kind]).toEqual(['s1', 'sse'])
    expect(heard).toEqual([])
    await turn()
    expect(heard).toEqual(['batch 1'])
  })

  it('carries batches under their number, and the heartbeat as a comment', () => {
    const { client, transport } = setUp()
    client.text = ''
    transport.send(Buffer.concat([Buffer.from('xx'), batch(258, 'data')]).subarray(2))
    transport.sendText('pong')
    expect(client.text).toBe(`id: 258\ndata: ${batch(258, 'data').toString('base64')}\n\n: pong\n\n`)
  })

  it('counts what waits for the client until its drain', async () => {
    const { client, transport, heard } = setUp()
    await turn()
    transport.send(batch(1))
    expect(transport.buffered()).toBe(0)
    client.room = false
    client.text = ''
    transport.send(batch(2))
    transport.send(batch(3))
    expect(transport.buffered()).toBe(client.text.length)
    client.drain()
    expect(transport.buffered()).toBe(0)
    expect(heard).toEqual(['batch 1', 'drained'])
  })

  it('ends with its reason, and says nothing after it', async () => {
    const { client, transport, heard, post, over } = setUp()
    await turn()
    client.text = ''
    transport.close(4409, 'replaced\nby another')
    transport.close(1000, 'again')
    transport.send(batch(9))
    client.go()
    expect(client.text).toBe('event: close\ndata: 4409 replaced by another\n\n')
    expect(client.state).toBe('ended')
    expect(heard).toEqual(['batch 1', 'closed 4409 replaced\nby another'])
    expect(post(batch(2))).toEqual({ kind: 'gone' })
    expect(over()).toBe(1)
  })

  it('is broken off where nobody reads it', async () => {
    const { client, transport } = setUp()
    await turn()
    client.room = false
    transport.send(batch(1))
    transport.close(4408, 'silent')
    expect(client.state).toBe('reset')
  })

  it('ends when its client leaves, once, and also before anybody was greeted', async () => {
    const late = setUp()
    await turn()
    late.client.go()
    expect(late.heard).toEqual(['batch 1', 'closed 1006 The agent went away'])
    expect(late.post(batch(2))).toEqual({ kind: 'gone' })
    const early = setUp()
    early.client.go()
    await turn()
    expect(early.heard).toEqual(['closed 1006 The agent went away'])
  })
})

describe('what is posted', () => {
  it('is taken once and in order', async () => {
    const { post, heard } = setUp(1)
    await turn()
    expect(post(batch(2))).toEqual({ kind: 'taken', ack: 2 })
    expect(post(batch(2))).toEqual({ kind: 'taken', ack: 2 })
    expect(post(batch(1))).toEqual({ kind: 'taken', ack: 2 })
    expect(post(batch(4))).toEqual({ kind: 'gap', expect: 3 })
    expect(post(batch(3))).toEqual({ kind: 'taken', ack: 3 })
    expect(heard).toEqual(['batch 1', 'batch 2', 'batch 3'])
  })

  it('is numbered modulo 2^32', async () => {
    const { post, heard } = setUp(0xffff_ffff)
    await turn()
    expect(post(batch(0))).toEqual({ kind: 'taken', ack: 0 })
    expect(post(batch(0xffff_ffff))).toEqual({ kind: 'taken', ack: 0 })
    expect(post(batch(2))).toEqual({ kind: 'gap', expect: 1 })
    expect(heard).toEqual(['batch 4294967295', 'batch 0'])
  })

  it('may be the heartbeat', async () => {
    const { post, heard } = setUp()
    await turn()
    expect(post(Buffer.from('ping'))).toEqual({ kind: 'taken', ack: 1 })
    expect(heard).toEqual(['batch 1', 'ping'])
  })

  it('is refused where it is no batch, no session, or not the key that opened it', async () => {
    const { post, heard } = setUp()
    await turn()
    expect(post(Buffer.from('pin'))).toMatchObject({ kind: 'malformed' })
    expect(post(Buffer.alloc(0))).toMatchObject({ kind: 'malformed' })
    expect(post(batch(2, 'x'.repeat(256 * 1024)))).toMatchObject({ kind: 'malformed' })
    expect(post(batch(2), { sessionId: 's2' })).toEqual({ kind: 'gone' })
    expect(post(batch(2), { keyId: 'k2' })).toEqual({ kind: 'gone' })
    expect(heard).toEqual(['batch 1'])
  })
})
