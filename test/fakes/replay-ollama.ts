import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Fixture } from './fixtures.ts'
import { createRequestReader, type RawRequest } from './request-reader.ts'

export interface ReplayOptions {
  /** Asked for when the selected fixture does not fit: what a gateway asks on its own account. */
  readonly background: readonly Fixture[]
  /** Keeps connections, as for a client that did not ask to close; otherwise closes them as recorded. */
  readonly keepAlive?: boolean
}

export interface ReplayOllama extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** From now on its request is answered with it, one whole answer at a time. Forgets what was received. */
  select(fixture: Fixture, options?: { readonly stepwise?: boolean }): void
  /** Lets the next chunk go, where the selection was stepwise; the first one goes by itself. */
  advance(): void
  /** Requests that the selected fixture answered. */
  received(): readonly RawRequest[]
  /** Everything else, answered from the background or with 404. */
  unexpected(): readonly RawRequest[]
  stop(): Promise<void>
}

/** A server of recordings: status line, headers and every chunk as Ollama sent them, framing included. */
export async function startReplayOllama(options: ReplayOptions): Promise<ReplayOllama> {
  const sockets = new Set<Socket>()
  let selected: Fixture | undefined
  let stepwise = false
  let steps = 0
  let onStep: (() => void) | undefined
  let received: RawRequest[] = []
  let unexpected: RawRequest[] = []

  async function nextChunk(): Promise<void> {
    if (!stepwise) return new Promise((resolve) => setImmediate(resolve))
    if (steps === 0) await new Promise<void>((resolve) => (onStep = resolve))
    onStep = undefined
    steps -= 1
  }

  async function answer(socket: Socket, request: RawRequest): Promise<void> {
    const own = selected !== undefined && fits(selected, request)
    if (own) received.push(request)
    else unexpected.push(request)
    const fixture = own ? selected : options.background.find((candidate) => fits(candidate, request))
    const keep = options.keepAlive === true
    if (fixture === undefined) return void socket.end(NOT_RECORDED)
    await replay(socket, fixture, { keep, between: own ? nextChunk : () => Promise.resolve() })
    if (!keep) socket.end()
  }

  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    const read = createRequestReader({
      request: (request) => answer(socket, request),
      awaitsContinue: () => void socket.write('HTTP/1.1 100 Continue\r\n\r\n'),
    })
    socket.on('data', (chunk) => read(chunk))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // listening on TCP, so never a path

  function stop(): Promise<void> {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(() => resolve()))
  }

  return {
    port,
    url: `http://127.0.0.1:${port}`,
    select(fixture, how = {}) {
      selected = fixture
      stepwise = how.stepwise === true
      steps = 0
      received = []
      unexpected = []
    },
    advance() {
      steps += 1
      onStep?.()
    },
    received: () => received,
    unexpected: () => unexpected,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

const NOT_RECORDED = 'HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\nConnection: close\r\n\r\nnot recorded'

/** By what was asked; a header that named the fixture would have to survive the gateway. */
function fits(fixture: Fixture, request: RawRequest): boolean {
  const { method, path, body } = fixture.request
  return method === request.method && path === request.target && (body ?? '') === request.body.toString('utf8')
}

interface ReplayManner {
  readonly keep: boolean
  between(): Promise<void>
}

async function replay(socket: Socket, { request, response }: Fixture, manner: ReplayManner): Promise<void> {
  const headers = response.headers.filter(([name]) => !(manner.keep && name === 'Connection'))
  const head = `${response.statusLine}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  const chunked = headers.some(([name]) => name === 'Transfer-Encoding')
  if (response.chunks.length === 0 || request.method === 'HEAD') return void socket.write(head)
  for (const [index, chunk] of response.chunks.entries()) {
    if (index > 0) await manner.between()
    if (socket.destroyed) return
    const framed = chunked ? `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n` : chunk
    socket.write(index === 0 ? head + framed : framed)
  }
  if (chunked) socket.write('0\r\n\r\n')
}
