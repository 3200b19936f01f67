import type { Socket } from 'node:net'
import type { DuplexPort } from '../proxy/upstream.ts'

/** The raw bytes of a connection that left HTTP; what was read too far comes first. */
export function createDuplexPort(socket: Socket, alreadyRead: Uint8Array): DuplexPort {
  if (alreadyRead.length > 0) socket.unshift(alreadyRead)
  socket.setTimeout(0)
  // Without this the far end's half-close would be answered by closing only when everything was read.
  socket.on('end', () => socket.end())

  return {
    write: (chunk) => !socket.destroyed && socket.write(chunk),
    // Lingers for a moment, then closes: a client that never says goodbye would hold the socket for ever.
    end: () => socket.destroySoon(),
    destroy: () => socket.destroy(),
    onData: (listener) => {
      socket.on('data', (chunk: Uint8Array) => {
        if (!listener(chunk)) socket.pause()
      })
    },
    onDrain: (listener) => socket.on('drain', listener),
    onClose: (listener) => socket.on('close', listener),
    resume: () => socket.resume(),
  }
}
