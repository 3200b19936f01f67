import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import WebSocket from 'ws'
import { createAcceptUpgrade } from '../../../src/tunnel/node/accept-upgrade.ts'
import { wsTransport } from '../../../src/tunnel/node/ws-transport.ts'
import type { Transport } from '../../../src/tunnel/wire/transport.ts'
import { HANDSHAKE } from './raw-agent.ts'

/** One end, and everything that it has heard. */
interface End {
  readonly transport: Transport
  readonly batches: Buffer[]
  readonly heard: string[]
  listen(): void
}

let server: Server
let port: number
const arrived: ((transport: Transport) => void)[] = []

beforeAll(async () => {
  const accept = createAcceptUpgrade()
  server = createServer()
  server.on('upgrade', (message, socket, head) =>
    accept({ message, socket, head }, (transport) => arrived.shift()?.(transport)),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
})
afterAll(() => void server.close())

function endOf(transport: Transport): End {
  const end: End = {
    transport,
    batches: [],
    heard: [],
    listen: () =>
      transport.listen({
        batch: (bytes) => void end.batches.push(Buffer.from(bytes)),
        text: (text) => void end.heard.push(text),
        drained: () => void end.heard.push('drained'),
        closed: (code, reason) => void end.heard.push(`closed ${code} ${reason}`),
      }),
  }
  return end
}

/** The gateway's end of the connection that is made next. */
function nextArrival(): Promise<End> {
  return new Promise((resolve) => arrived.push((transport) => resolve(endOf(transport))))
}

async function pair(): Promise<{ gateway: End; agent: End; socket: WebSocket }> {
  const arrival = nextArrival()
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, 'corral.v1', { perMessageDeflate: false })
  onTestFinished(() => socket.terminate())
  await once(socket, 'open')
  const agent = endOf(wsTransport(socket))
  const gateway = await arrival
  onTestFinished(() => gateway.transport.close(1000, 'over'))
  return { gateway, agent, socket }
}

/** A peer that is a socket with a handshake, and reads when it is told to. */
async function rawPeer(): Promise<{ gateway: End; socket: Socket }> {
  const arrival = nextArrival()
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  onTestFinished(() => void socket.destroy())
  socket.write(['GET / HTTP/1.1', 'Host: gw', ...HANDSHAKE, '', ''].join('\r\n'))
  return { gateway: await arrival, socket }
}

describe('a WebSocket as a transport', () => {
  it('carries batches whole and in order, and the heartbeat beside them', async () => {
    const { gateway, agent } = await pair()
    gateway.listen()
    agent.listen()
    const sizes = [13, 1, 65_536, 256 * 1024 + 4, 0, 100]
    for (const [index, size] of sizes.entries()) agent.transport.send(Buffer.alloc(size, index))
    agent.transport.sendText('ping')
    await expect.poll(() => gateway.heard).toEqual(['ping'])
    expect(gateway.batches.map((batch) => batch.length)).toEqual(sizes)
    expect(gateway.batches.every((batch, index) => batch.every((byte) => byte === index))).toBe(true)
    gateway.transport.sendText('pong')
    await expect.poll(() => agent.heard.filter((each) => each !== 'drained')).toEqual(['pong'])
  })

  it('keeps what comes before anybody listens', async () => {
    const { gateway, agent } = await pair()
    gateway.listen()
    gateway.transport.send(Buffer.from('early'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(agent.batches).toEqual([])
    agent.listen()
    await expect.poll(() => agent.batches.map(String)).toEqual(['early'])
  })

  it('counts what has not left, and says when that is little again', async () => {
    const { gateway, socket } = await rawPeer()
    gateway.listen()
    socket.pause()
    const block = Buffer.alloc(256 * 1024)
    for (let sent = 0; sent < 64 && gateway.transport.buffered() < 4 * 1024 * 1024; sent++)
      gateway.transport.send(block)
    expect(gateway.transport.buffered()).toBeGreaterThan(512 * 1024)
    expect(gateway.heard).toEqual([])
    socket.resume()
    await expect.poll(() => gateway.heard, { timeout: 5_000 }).toEqual(['drained'])
    await expect.poll(() => gateway.transport.buffered()).toBe(0)
  })

  it('tells both ends why it was closed, once, and is silent afterwards', async () => {
    const { gateway, agent } = await pair()
    gateway.listen()
    agent.listen()
    gateway.transport.close(4409, 'Another connection took the id')
    gateway.transport.close(1000, 'again')
    gateway.transport.send(Buffer.from('late'))
    const told = ['closed 4409 Another connection took the id']
    await expect.poll(() => [gateway.heard, agent.heard]).toEqual([told, told])
    agent.transport.send(Buffer.from('later'))
    agent.transport.sendText('ping')
    agent.transport.close(1000, 'too late')
    expect([gateway.batches, agent.batches]).toEqual([[], []])
  })

  it('cuts a reason that no close frame can carry, between characters', async () => {
    const { gateway, agent } = await pair()
    gateway.listen()
    agent.listen()
    gateway.transport.close(4400, 'ä'.repeat(100))
    await expect.poll(() => agent.heard).toEqual([`closed 4400 ${'ä'.repeat(61)}`])
  })

  it('ends a peer that has stopped reading, two seconds after the goodbye', async () => {
    const { gateway, socket } = await rawPeer()
    gateway.listen()
    socket.pause()
    while (gateway.transport.buffered() < 1024 * 1024) gateway.transport.send(Buffer.alloc(256 * 1024))
    const startedAt = performance.now()
    gateway.transport.close(4408, 'Silent')
    await expect.poll(() => gateway.heard, { timeout: 5_000 }).toEqual(['closed 4408 Silent'])
    expect(performance.now() - startedAt).toBeGreaterThan(1_900)
  })

  it.each([
    ['a reset', (socket: Socket) => void socket.resetAndDestroy()],
    ['a goodbye of TCP alone', (socket: Socket) => void socket.end()],
    ['what is no WebSocket', (socket: Socket) => void socket.write(Buffer.alloc(64, 0xff))],
  ])('makes of %s a 1006', async (_what, act) => {
    const { gateway, socket } = await rawPeer()
    gateway.listen()
    act(socket)
    await expect.poll(() => gateway.heard, { timeout: 5_000 }).toEqual([expect.stringMatching(/^closed 1006 /)])
  })

  it('tells also those who listen after the end', async () => {
    const { gateway, agent } = await pair()
    agent.listen()
    agent.transport.close(1000, 'bye')
    gateway.transport.close(1012, 'restart')
    await expect.poll(() => agent.heard).toHaveLength(1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    gateway.listen()
    await expect.poll(() => gateway.heard).toEqual(['closed 1012 restart'])
  })

  it('ends a peer that floods it with pings and reads no answer', async () => {
    const { gateway, socket } = await rawPeer()
    gateway.listen()
    socket.pause()
    const ping = Buffer.concat([Buffer.from([0x89, 0x80 | 125]), Buffer.alloc(4), Buffer.alloc(125)])
    const flood = Buffer.concat(Array.from({ length: 1_000 }, () => ping))
    await expect
      .poll(
        () => {
          socket.write(flood)
          expect(gateway.transport.buffered()).toBeLessThan(1024 * 1024)
          return gateway.heard
        },
        { timeout: 10_000 },
      )
      .toEqual([expect.stringMatching(/^closed 1006 /)])
  })
})
