import { createServer, type AddressInfo, type Socket } from 'node:net'

/** A server that keeps every byte it is sent and answers a head as the test says. */
export interface RawUpstream extends AsyncDisposable {
  readonly url: string
  /** All bytes of all connections, but for the gateway's own questions. */
  received(): string
}

/** `answer` is called for each head; undefined says nothing. */
export async function startRawUpstream(
  answer: (head: string, socket: Socket) => string | undefined,
): Promise<RawUpstream> {
  const texts: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const at = texts.push('') - 1
    let unread = ''
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      texts[at] += chunk.toString('latin1')
      unread += chunk.toString('latin1')
      for (let end = unread.indexOf('\r\n\r\n'); end >= 0; end = unread.indexOf('\r\n\r\n')) {
        const head = unread.slice(0, end)
        unread = unread.slice(end + 4)
        const said = ownQuestion(head) ?? answer(head, socket)
        if (said !== undefined) socket.write(said, 'latin1')
      }
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  // Bound to an address and a port.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    received: () => texts.filter((text) => !/^GET \/api\/(?:version|tags|ps) /.test(text)).join('\n'),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function jsonAnswer(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

function ownQuestion(head: string): string | undefined {
  if (!head.includes('user-agent: corral')) return undefined
  if (head.startsWith('GET /api/version ')) return jsonAnswer('{"version":"0.24.0"}')
  if (head.startsWith('GET /api/tags ')) return jsonAnswer('{"models":[{"name":"tiny:latest","model":"tiny:latest"}]}')
  return head.startsWith('GET /api/ps ') ? jsonAnswer('{"models":[]}') : undefined
}
