import type { Buffer } from 'node:buffer'
import type { Attempt, DuplexPort } from '../../proxy/upstream.ts'
import { Connection, type Destination } from './connection.ts'

const REFUSED = 'HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'

/** Joins a client that asked for an upgrade with the upstream, byte for byte: acceptance and refusal are both its own. */
export function relayUpgrade(destination: Destination, head: string, client: DuplexPort): Attempt {
  const connection = new Connection(destination, () => undefined)
  const { socket } = connection
  let heard = false
  const finish = (): void => {
    connection.destroy()
    client.destroy()
  }
  socket.removeAllListeners('data')
  socket.once(destination.tls === null ? 'connect' : 'secureConnect', () => {
    socket.write(head, 'latin1')
    client.resume()
  })
  socket.on('data', (chunk: Buffer) => {
    heard = true
    if (!client.write(chunk)) socket.pause()
  })
  socket.on('end', () => client.end())
  socket.on('error', () => undefined)
  socket.on('close', () => {
    if (!heard) client.write(new TextEncoder().encode(REFUSED))
    client.end()
  })
  client.onData((chunk) => socket.write(chunk))
  socket.on('drain', () => client.resume())
  client.onDrain(() => socket.resume())
  client.onClose(finish)
  return { abort: finish, resume: () => socket.resume() }
}
