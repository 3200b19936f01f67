import type { Buffer } from 'node:buffer'
import type { Attempt, DuplexPort } from '../../proxy/upstream.ts'
import { Connection, type Destination } from './connection.ts'
import { UpgradeAnswer } from './upgrade-answer.ts'

const REFUSED = 'HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'
/** What a client sends before it was let in is kept up to here, then it is not read any further. */
const EARLY_BYTES = 64 * 1024

/**
 * Joins a client that asked for an upgrade with the upstream, byte for byte: acceptance and refusal are both its own.
 * Until the upstream has said 101 nothing of the client reaches it: it would be read as the next request, which nobody
 * has judged. After a refusal nothing ever does.
 */
export function relayUpgrade(destination: Destination, head: string, client: DuplexPort): Attempt {
  const connection = new Connection(destination, () => undefined)
  const { socket } = connection
  const answer = new UpgradeAnswer()
  const early: Uint8Array[] = []
  let earlyBytes = 0
  let heard = false
  const finish = (): void => {
    connection.destroy()
    client.destroy()
  }
  const letIn = (): void => {
    for (const chunk of early.splice(0)) socket.write(chunk)
    client.resume()
  }
  socket.removeAllListeners('data')
  socket.once(destination.tls === null ? 'connect' : 'secureConnect', () => socket.write(head, 'latin1'))
  socket.on('data', (chunk: Buffer) => {
    heard = true
    const before = answer.verdict
    answer.read(chunk)
    if (!client.write(chunk)) socket.pause()
    if (before === 'waiting' && answer.verdict === 'taken') letIn()
    if (answer.verdict !== 'over') return
    client.end()
    connection.destroy()
  })
  socket.on('end', () => client.end())
  socket.on('error', () => undefined)
  socket.on('close', () => {
    if (!heard) client.write(new TextEncoder().encode(REFUSED))
    client.end()
  })
  socket.on('drain', () => client.resume())
  client.onData((chunk) => {
    if (answer.verdict === 'taken') return socket.write(chunk)
    if (answer.verdict !== 'waiting') return true
    early.push(chunk)
    earlyBytes += chunk.length
    return earlyBytes < EARLY_BYTES
  })
  client.onDrain(() => socket.resume())
  client.onClose(finish)
  return { abort: finish, resume: () => socket.resume() }
}
