import { createServer, type AddressInfo, type Socket } from 'node:net'

/** One request as it reached the far side, and the means to answer it byte by byte. */
export interface FarRequest {
  readonly head: string
  /** Which connection it came on, counted from 1. */
  readonly connection: number
  /** Everything after the head so far. */
  body(): string
  bodyUntil(pattern: string | RegExp): Promise<string>
  write(bytes: string | Uint8Array): void
  end(): void
  reset(): void
  /** Resolves when the connection is gone, by whoever. */
  readonly closed: Promise<void>
  /** What the kernel has taken over from the sender is not read any more. */
  pause(): void
}

export interface FarSide extends AsyncDisposable {
  readonly url: string
  /** The next request, as soon as its head is there. */
  request(): Promise<FarRequest>
  connections(): number
  stopListening(): Promise<void>
}

/** A server that says exactly what a test wants, and nothing by itself. */
export async function startFarSide(): Promise<FarSide> {
  const requests: FarRequest[] = []
  const waiting: ((request: FarRequest) => void)[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    readRequests(socket, connections, (request) => {
      const next = waiting.shift()
      if (next === undefined) requests.push(request)
      else next(request)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP, so never a path
  return {
    url: `http://127.0.0.1:${port}`,
    request() {
      const first = requests.shift()
      return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first)
    },
    connections: () => connections,
    stopListening: () => new Promise((resolve) => void server.close(() => resolve())),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => (server.listening ? server.close(resolve) : resolve(undefined)))
    },
  }
}

const REQUEST_LINE = /(?:GET|HEAD|POST|DELETE) \/\S* HTTP\/1\.1\r\n/

/** A request ends where the next one begins: the tests write one at a time. */
function readRequests(socket: Socket, connection: number, arrived: (request: FarRequest) => void): void {
  let pending = ''
  let listeners: (() => void)[] = []
  let closed = false
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  socket.on('end', () => socket.end())
  socket.on('close', () => {
    closed = true
    for (const listener of listeners) listener()
  })
  socket.on('data', (chunk) => {
    pending += chunk.toString('latin1')
    const start = pending.search(REQUEST_LINE)
    const end = start < 0 ? -1 : pending.indexOf('\r\n\r\n', start)
    if (end >= 0) {
      const head = pending.slice(start, end + 4)
      pending = pending.slice(end + 4)
      arrived(toFarRequest(head))
    }
    for (const listener of listeners) listener()
  })

  function toFarRequest(head: string): FarRequest {
    return {
      head,
      connection,
      closed: gone,
      body: () => pending,
      bodyUntil: (pattern) => waitForBody(pattern),
      write: (bytes) => void socket.write(bytes),
      end: () => void socket.end(),
      reset: () => void socket.resetAndDestroy(),
      pause: () => void socket.pause(),
    }
  }

  function waitForBody(pattern: string | RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = typeof pattern === 'string' ? pending.includes(pattern) : pattern.test(pending)
        if (!found && !closed) return
        listeners = listeners.filter((listener) => listener !== look)
        if (found) resolve(pending)
        else reject(new Error(`closed before ${String(pattern)}; got ${JSON.stringify(pending)}`))
      }
      listeners.push(look)
      look()
    })
  }
}
