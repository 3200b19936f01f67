import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { PeerResolver } from './client-address.ts'
import { Connection, type ConnectionLimits } from './connection.ts'

/** Every connection there is, whichever address it came in by. */
export interface ConnectionSet {
  /** Knows the socket of a connection that may still be shaking hands. */
  accept(socket: Socket): void
  /** From here on the socket speaks HTTP. */
  open(socket: Socket): void
  of(socket: Duplex): Connection | undefined
  startSweeping(): void
  /** What answers next on each of them answers last. */
  retireAll(): void
  closeIdle(): void
  destroyAll(): void
}

export interface ConnectionSetOptions {
  readonly limits: ConnectionLimits
  readonly peers: PeerResolver
  readonly isEncrypted: boolean
}

const SWEEP_MS = 500

export function createConnectionSet({ limits, peers, isEncrypted }: ConnectionSetOptions): ConnectionSet {
  const sockets = new Set<Socket>()
  const connections = new Map<Duplex, Connection>()
  let sweeper: NodeJS.Timeout | undefined

  function accept(socket: Socket): void {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  }

  function open(socket: Socket): void {
    connections.set(socket, new Connection(socket, limits, peers.peer(socket.remoteAddress, isEncrypted)))
    socket.on('close', () => connections.delete(socket))
  }

  function sweep(): void {
    const now = Date.now()
    for (const connection of connections.values()) connection.sweep(now)
  }

  function startSweeping(): void {
    sweeper ??= setInterval(sweep, Math.min(SWEEP_MS, limits.bodyIdleMs / 4, limits.lingerMs / 2)).unref()
  }

  function destroyAll(): void {
    clearInterval(sweeper)
    sweeper = undefined
    for (const socket of sockets) socket.destroy()
  }

  return {
    accept,
    open,
    of: (socket) => connections.get(socket),
    startSweeping,
    retireAll: () => connections.forEach((connection) => connection.retire()),
    closeIdle: () => connections.forEach((connection) => connection.closeIfIdle()),
    destroyAll,
  }
}
