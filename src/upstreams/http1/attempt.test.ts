import { Buffer } from 'node:buffer'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { BodyReceiver, BodyStream, ResponseSink, UpstreamError, UpstreamRequest } from '../../proxy/upstream.ts'
import { Http1Attempt } from './attempt.ts'
import { type ConnectionPool, createConnectionPool } from './connection-pool.ts'
import { requestHead } from './request-head.ts'

/** What one connection of the upstream was sent, and its socket to answer on. */
interface Peer {
  readonly socket: Socket
  text(): string
  gone: boolean
}

type Script = (peer: Peer, connection: number) => void

/** A server that hands each arrival of bytes to `script`. */
async function startPeer(script: Script): Promise<{ pool: ConnectionPool; peers: Peer[]; port: number }> {
  const peers: Peer[] = []
  const server = createServer((socket) => {
    let text = ''
    const peer: Peer = { socket, text: () => text, gone: false }
    const index = peers.push(peer) - 1
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      script(peer, index)
    })
    socket.on('error', () => undefined)
    socket.on('close', () => (peer.gone = true))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // TCP
  const pool = createConnectionPool(
    { host: '127.0.0.1', port, tls: null, connectTimeoutMs: 2000 },
    { idleMs: 10_000, maxIdle: 4 },
  )
  onTestFinished(() => {
    pool.close()
    for (const { socket } of peers) socket.destroy()
    server.close()
  })
  return { pool, peers, port }
}

interface Heard {
  readonly events: string[]
  error?: UpstreamError
  text: string
  readonly released: Promise<void>
}

function listen(room: (heard: Heard) => boolean = () => true): { heard: Heard; sink: ResponseSink } {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => (release = resolve))
  const heard: Heard = { events: [], text: '', released }
  const note = (event: string): void => void heard.events.push(event)
  const sink: ResponseSink = {
    accepted: () => note('accepted'),
    info: (status) => note(`info ${status}`),
    head: (status) => note(`head ${status}`),
    data(chunk) {
      heard.text += Buffer.from(chunk).toString('latin1')
      return room(heard)
    },
    end: () => note('end'),
    fail(error) {
      heard.error = error
      note(`fail ${error.kind} ${error.executed}`)
    },
    released() {
      note('released')
      release()
    },
  }
  return { heard, sink }
}

const PLAIN = { pathPrefix: '', lines: 'Host: test\r\n', names: new Set(['host']) }

function send(pool: ConnectionPool, request: Partial<UpstreamRequest>, room?: (heard: Heard) => boolean) {
  const { heard, sink } = listen(room)
  const whole: UpstreamRequest = { method: 'POST', target: '/', headers: [], body: null, ...request }
  return { heard, attempt: new Http1Attempt(pool, { request: whole, head: requestHead(whole, PLAIN) }, sink) }
}

/** A body whose bytes the test sends by hand. */
function upload(length?: number): { body: BodyStream; to: () => BodyReceiver | null; stopped: () => boolean } {
  let receiver: BodyReceiver | null = null
  let stopped = false
  const body: BodyStream = {
    ...(length === undefined ? {} : { length }),
    start(to) {
      receiver = to
      return { resume: () => undefined, stop: () => (stopped = true) }
    },
  }
  return { body, to: () => receiver, stopped: () => stopped }
}

function receiverOf(source: { to(): BodyReceiver | null }): Promise<BodyReceiver> {
  return vi.waitFor(
    () => {
      const to = source.to()
      if (to === null) throw new Error('the body was not asked for')
      return to
    },
    { interval: 5, timeout: 3000 },
  )
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const requestsIn = (peer: Peer): number => peer.text().split('HTTP/1.1\r\n').length - 1

async function warmUp(pool: ConnectionPool): Promise<void> {
  const { heard } = send(pool, {})
  await heard.released
  expect(heard.text).toBe('ok')
}

describe('an attempt over HTTP/1.1', () => {
  it('uses one connection again for the next request', async () => {
    const { pool, peers } = await startPeer((peer) => peer.socket.write(OK))
    await warmUp(pool)
    await warmUp(pool)
    expect(peers.map(requestsIn)).toEqual([2])
  })

  it('tells its story in order, each part once', async () => {
    const { pool } = await startPeer((peer) => peer.socket.write(`HTTP/1.1 103 Early Hints\r\n\r\n${OK}`))
    const { heard } = send(pool, { body: [Buffer.from('a'), Buffer.from('b')] })
    expect(heard.events).toEqual([])
    await heard.released
    expect(heard.events).toEqual(['accepted', 'info 103', 'head 200', 'end', 'released'])
  })

  it('asks once more, on a fresh connection, when a kept one turns out to be closed', async () => {
    const { pool, peers } = await startPeer((peer, index) => {
      if (index === 0 && requestsIn(peer) === 2) peer.socket.destroy()
      else peer.socket.write(OK)
    })
    await warmUp(pool)
    const { heard } = send(pool, { body: [Buffer.from('again')] })
    await heard.released
    expect(heard.events).toEqual(['accepted', 'head 200', 'end', 'released'])
    expect(peers.map(requestsIn)).toEqual([2, 1])
    expect(peers[1]?.text()).toMatch(/\r\n\r\nagain$/)
  })

  it('does not ask a third time', async () => {
    const { pool, peers } = await startPeer((peer, index) => {
      if (index === 0 && requestsIn(peer) === 1) peer.socket.write(OK)
      else peer.socket.destroy()
    })
    await warmUp(pool)
    const { heard } = send(pool, {})
    await heard.released
    expect(heard.events).toEqual(['accepted', 'fail reset maybe', 'released'])
    expect(peers).toHaveLength(2)
  })

  it('does not ask again what a fresh connection broke off', async () => {
    const { pool, peers } = await startPeer((peer) => peer.socket.destroy())
    const { heard } = send(pool, {})
    await heard.released
    expect(heard.events).toEqual(['accepted', 'fail reset maybe', 'released'])
    expect(peers).toHaveLength(1)
  })

  it.each([
    ['half a head', 'HTTP/1.1 200 OK\r\nConte'],
    ['information', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe'],
  ])('does not ask again where a kept connection broke after %s', async (_, answer) => {
    const { pool, peers } = await startPeer((peer) => {
      if (requestsIn(peer) === 1) peer.socket.write(OK)
      else peer.socket.end(answer)
    })
    await warmUp(pool)
    const { heard } = send(pool, {})
    await heard.released
    expect(heard.events.slice(-2)).toEqual(['fail reset maybe', 'released'])
    expect(peers).toHaveLength(1)
  })

  it('throws away a kept connection on which something came unasked', async () => {
    const { pool, peers } = await startPeer((peer) => {
      peer.socket.write(OK)
      if (peers.length === 1)
        setTimeout(() => peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'), 20)
    })
    await warmUp(pool)
    await vi.waitFor(() => expect(peers[0]?.gone).toBe(true))
    await warmUp(pool)
    expect(peers.map(requestsIn)).toEqual([1, 1])
  })

  it('says that nothing was executed where nobody listens', async () => {
    const { pool, port } = await startPeer(() => undefined)
    pool.close()
    const nobody = createConnectionPool(
      { host: '127.0.0.2', port, tls: null, connectTimeoutMs: 2000 },
      { idleMs: 10_000, maxIdle: 4 },
    )
    const { heard } = send(nobody, {})
    await heard.released
    expect(heard.events).toEqual(['fail unreachable no', 'released'])
    nobody.close()
  })

  it('calls a malformed answer a bad response and closes', async () => {
    const { pool, peers } = await startPeer((peer) => peer.socket.write('SSH-2.0-OpenSSH_9.2\r\n\r\n'))
    const { heard } = send(pool, {})
    await heard.released
    expect(heard.events).toEqual(['accepted', 'fail bad-response maybe', 'released'])
    await vi.waitFor(() => expect(peers[0]?.gone).toBe(true))
  })

  it('fails alone where whoever hears its answer makes a mistake', async () => {
    const { pool, peers } = await startPeer(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd'),
    )
    const { heard } = send(pool, {}, () => {
      throw new Error('a mistake')
    })
    await heard.released
    expect(heard.events).toEqual(['accepted', 'head 200', 'fail reset maybe', 'released'])
    expect(heard.error?.cause).toMatchObject({ message: 'a mistake' })
    await vi.waitFor(() => expect(peers[0]?.gone).toBe(true))
  })

  it('closes at an abort, and says no more than that it is released', async () => {
    const { pool, peers } = await startPeer((peer) => {
      peer.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n')
    })
    const { heard, attempt } = send(pool, {})
    await vi.waitFor(() => expect(heard.text).toBe('ok'))
    attempt.abort()
    attempt.abort()
    await heard.released
    await vi.waitFor(() => expect(peers[0]?.gone).toBe(true))
    expect(heard.events).toEqual(['accepted', 'head 200', 'released'])
  })

  it('can be aborted before its connection stands', async () => {
    const { pool, peers } = await startPeer((peer) => peer.socket.write(OK))
    const { heard, attempt } = send(pool, {})
    attempt.abort()
    await heard.released
    await warmUp(pool)
    expect(heard.events).toEqual(['released'])
    expect(peers.map(requestsIn).filter((count) => count > 0)).toEqual([1])
  })

  it('reads no further while its sink is full', async () => {
    const total = 4_000_000
    let written = 0
    const { pool } = await startPeer((peer) => {
      peer.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`)
      const more = (): void => {
        while (written < total) {
          written += 50_000
          if (!peer.socket.write(Buffer.alloc(50_000))) return void peer.socket.once('drain', more)
        }
      }
      more()
    })
    let open = false
    const { heard, attempt } = send(pool, {}, () => open)
    await vi.waitFor(() => expect(heard.text.length).toBeGreaterThan(0))
    const early = heard.text.length
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(heard.text.length).toBe(early)
    open = true
    attempt.resume()
    await heard.released
    expect(heard.text.length).toBe(total)
  })
})

describe('an upload', () => {
  it('waits for the word to continue, and is then sent as it comes', async () => {
    const { pool, peers } = await startPeer((peer) => {
      if (peer.text().endsWith('abcdef') || requestsIn(peer) === 2) peer.socket.write(OK)
      else if (peer.text().endsWith('\r\n\r\n')) peer.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    })
    const source = upload(6)
    const { heard } = send(pool, { body: source.body })
    const to = await receiverOf(source)
    expect(peers[0]?.text()).toMatch(/content-length: 6\r\nexpect: 100-continue\r\n\r\n$/i)
    to.data(Buffer.from('abc'))
    to.data(Buffer.from('def'))
    to.end()
    await heard.released
    expect(heard.events).toEqual(['accepted', 'head 200', 'end', 'released'])
    await warmUp(pool)
    expect(peers).toHaveLength(1)
  })

  it('of unknown length goes in chunks, with their end', async () => {
    const { pool, peers } = await startPeer((peer) => {
      if (peer.text().endsWith('\r\n\r\n') && !peer.text().includes('abc'))
        peer.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      if (peer.text().endsWith('\r\n0\r\n\r\n')) peer.socket.write(OK)
    })
    const source = upload()
    const { heard } = send(pool, { body: source.body })
    const to = await receiverOf(source)
    to.data(Buffer.from('abc'))
    to.end()
    await heard.released
    expect(peers[0]?.text()).toMatch(/\r\n\r\n3\r\nabc\r\n0\r\n\r\n$/)
  })

  it('begins after a second with an upstream that does not know the question', async () => {
    const { pool } = await startPeer((peer) => {
      if (peer.text().endsWith('abc')) peer.socket.write(OK)
    })
    const source = upload(3)
    const startedAt = performance.now()
    const { heard } = send(pool, { body: source.body })
    const to = await receiverOf(source)
    expect(performance.now() - startedAt).toBeGreaterThan(900)
    to.data(Buffer.from('abc'))
    to.end()
    await heard.released
    expect(heard.text).toBe('ok')
  })

  it('that is answered at once is never asked for, and its connection not used again', async () => {
    const { pool, peers } = await startPeer((peer) => peer.socket.write(OK))
    const source = upload(1_000_000)
    const { heard } = send(pool, { body: source.body })
    await heard.released
    expect(heard.events).toEqual(['accepted', 'head 200', 'end', 'released'])
    expect(source.to()).toBeNull()
    await warmUp(pool)
    expect(peers).toHaveLength(2)
  })

  it('that is answered midway stops, and its connection is not used again', async () => {
    const { pool, peers } = await startPeer((peer) => {
      if (peer.text().endsWith('\r\n\r\n')) peer.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      if (peer.text().endsWith('abc')) peer.socket.write('HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n')
    })
    const source = upload(6)
    const { heard } = send(pool, { body: source.body })
    const to = await receiverOf(source)
    to.data(Buffer.from('abc'))
    await vi.waitFor(() => expect(heard.events).toContain('head 400'))
    // All of it comes, but after the answer has begun: the upstream got half and would wait for the rest.
    to.data(Buffer.from('def'))
    to.end()
    peers[0]?.socket.write('no')
    await heard.released
    expect(heard.events).toEqual(['accepted', 'head 400', 'end', 'released'])
    expect(source.stopped()).toBe(true)
    await vi.waitFor(() => expect(peers[0]?.gone).toBe(true))
    expect(peers[0]?.text()).toMatch(/abc$/)
  })

  it('takes a fresh connection where a kept one was closed before the first byte of the body', async () => {
    const { pool, peers } = await startPeer((peer, index) => {
      if (index === 0 && requestsIn(peer) === 2) peer.socket.destroy()
      else if (peer.text().includes('100-continue') && peer.text().endsWith('\r\n\r\n'))
        peer.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
      else peer.socket.write(OK)
    })
    await warmUp(pool)
    const source = upload(3)
    const { heard } = send(pool, { body: source.body })
    const to = await receiverOf(source)
    to.data(Buffer.from('abc'))
    to.end()
    await heard.released
    expect(heard.events).toEqual(['accepted', 'head 200', 'end', 'released'])
    expect(peers[1]?.text()).toMatch(/abc$/)
  })

  it('that its sender breaks off closes the connection', async () => {
    const { pool, peers } = await startPeer((peer) => {
      if (peer.text().endsWith('\r\n\r\n')) peer.socket.write('HTTP/1.1 100 Continue\r\n\r\n')
    })
    const source = upload(6)
    const { heard } = send(pool, { body: source.body })
    const to = await receiverOf(source)
    to.data(Buffer.from('abc'))
    to.fail('body_timeout')
    await heard.released
    expect(heard.events).toEqual(['accepted', 'fail body-failed maybe', 'released'])
    expect(heard.error).toMatchObject({ bodyFailure: 'body_timeout' })
    await vi.waitFor(() => expect(peers[0]?.gone).toBe(true))
  })
})
