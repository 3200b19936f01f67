import { connect, createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startGateway, type RunningGateway } from '../harness/start-gateway.ts'

/** A way back to the gateway that no config check can see. */
let back: { port: number; connections: number; close(): void }
let gateway: RunningGateway
let target = 0

beforeAll(async () => {
  const server = createServer((socket) => {
    back.connections += 1
    const onwards = connect(target, '127.0.0.1')
    socket.pipe(onwards).pipe(socket)
    for (const each of [socket, onwards]) each.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP, so never a path
  back = { port, connections: 0, close: () => server.close() }
  const upstreams = [{ name: 'mirror', url: `http://127.0.0.1:${port}` }]
  gateway = await startGateway({ config: { upstreams, routing: { health_interval: '100ms' } } })
  target = gateway.port
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  back.close()
})

describe('a gateway that is its own upstream', () => {
  it('finds out, says so in its log, and asks itself nothing', async () => {
    await vi.waitFor(() => expect(gateway.stderr()).toContain('it is this gateway itself: point it at Ollama'), {
      timeout: 5000,
    })
    const response = await fetch(`${gateway.url}/api/chat`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.adminKey}` },
      body: '{"model":"tiny","messages":[]}',
    })
    expect([response.status, await response.json()]).toEqual([503, { error: expect.stringContaining('available') }])
    expect(back.connections).toBeLessThan(50)
  })

  it('answers 508 to whatever comes back to it', async () => {
    const health = await fetch(`${gateway.url}/health`, { headers: { authorization: `Bearer ${gateway.adminKey}` } })
    expect([health.status, await health.json()]).toMatchObject([
      503,
      { upstreams: [{ name: 'mirror', state: 'down' }] },
    ])
  })

  it('is refused at once where its config says so', async () => {
    const own = startGateway({
      config: { upstreams: [{ name: 'self', url: 'http://127.0.0.1:45671' }] },
      args: ['--listen', '127.0.0.1:45671'],
    })
    await expect(own).rejects.toThrow('is the address of the gateway itself')
  })
})
