import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { CounterInput } from './counters.ts'

/** What the fake does with whoever connects, before any request is read. */
export type Door = 'open' | 'refuse' | 'reset' | 'hang'

export interface Listener {
  readonly port: number
  /** `refuse` gives the port back, so that the kernel refuses; `hang` accepts and never reads. */
  setDoor(door: Door): Promise<void>
  /** Ends every connection, with a reset. */
  dropConnections(): void
  connectionOf(request: IncomingMessage): { readonly id: number; readonly earlier: number }
  stop(): Promise<void>
}

interface Connection {
  readonly id: number
  requests: number
}

export interface ListenerOptions {
  readonly port: number
  readonly echoUpgrades: boolean
  readonly counters: CounterInput
  onRequest(request: IncomingMessage, response: ServerResponse): void
}

export async function openListener(options: ListenerOptions): Promise<Listener> {
  const connections = new Map<Socket, Connection>()
  let door: Door = 'open'
  const server = createServer(
    { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, noDelay: true },
    (request, response) => {
      const connection = connections.get(request.socket)
      if (connection !== undefined) connection.requests += 1
      options.onRequest(request, response)
    },
  )
  server.maxRequestsPerSocket = 0
  server.prependListener('connection', (socket) => {
    const connection = { id: options.counters.connectionOpened(), requests: 0 }
    connections.set(socket, connection)
    socket.once('close', (hadError) => {
      connections.delete(socket)
      options.counters.connectionClosed(connection.id, connection.requests, hadError)
    })
    if (door === 'reset') socket.resetAndDestroy()
    if (door === 'hang') holdBack(socket)
  })
  // Left to itself node:http would ask for every body at once.
  server.on('checkContinue', (request, response) => void server.emit('request', request, response))
  if (options.echoUpgrades) server.on('upgrade', echoUpgrade)
  const port = await listen(server, options.port)

  const dropConnections = (): void => [...connections.keys()].forEach((socket) => socket.resetAndDestroy())
  return {
    port,
    async setDoor(wanted) {
      const before = door
      door = wanted
      if (wanted === 'refuse' && before !== 'refuse') {
        server.close()
        dropConnections()
      }
      if (wanted !== 'refuse' && before === 'refuse') await listen(server, port)
      if (wanted !== 'hang' && before === 'hang') dropConnections()
    },
    dropConnections,
    connectionOf(request) {
      const connection = connections.get(request.socket)
      return { id: connection?.id ?? 0, earlier: (connection?.requests ?? 1) - 1 }
    },
    async stop() {
      const closed = new Promise((resolve) => (server.listening ? server.close(resolve) : resolve(undefined)))
      for (const socket of connections.keys()) socket.destroy()
      await closed
    },
  }
}

/** The parser is attached after this; nothing it would read ever arrives. */
function holdBack(socket: Socket): void {
  setImmediate(() => {
    socket.removeAllListeners('data')
    socket.pause()
  })
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port) // listening on TCP, so never a path
    })
  })
}

/** What a server behind nginx would do with a protocol it knows: 101, then everything back as it came. */
function echoUpgrade(request: IncomingMessage, socket: NodeJS.ReadWriteStream, head: Buffer): void {
  const protocol = request.headers.upgrade ?? 'websocket'
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${protocol}\r\nConnection: Upgrade\r\n\r\n`)
  socket.write(head)
  socket.pipe(socket)
  socket.on('error', () => undefined)
}
