import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Target } from './target.ts'

/** The longest that another connection waits for a trivial answer while the server takes this body and answers it. */
export async function longestWait(target: Target, body: Buffer): Promise<number> {
  const [large, small] = await Promise.all([openSocket(target.url), openSocket(target.url)])
  let longest = 0
  let isOver = false
  const asked = (async () => {
    await once(small, PING)
    while (!isOver) {
      const askedAt = performance.now()
      await once(small, PING)
      longest = Math.max(longest, performance.now() - askedAt)
      await sleep(1)
    }
  })()
  const head = `POST /api/generate HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${target.key ?? ''}\r\nContent-Type: application/json\r\n`
  large.write(`${head}Content-Length: ${body.length}\r\n\r\n`)
  const answer = await once(large, body)
  isOver = true
  await asked
  large.destroy()
  small.destroy()
  if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`The body was refused: ${answer.slice(0, 200)}`)
  return longest
}

const PING = 'GET /livez HTTP/1.1\r\nHost: a\r\n\r\n'

async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  socket.setNoDelay(true)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  return socket
}

/** Writes a request and waits for the first bytes of its answer, which comes in one piece. */
function once(socket: Socket, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (chunk) => resolve(chunk.toString('latin1')))
    socket.write(bytes)
  })
}
