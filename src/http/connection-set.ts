import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { createBag } from '../lib/bag.ts'
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
  const sockets = createBag<Socket>()
  const connections = createBag<Connection>()
  const connectionOf = new WeakMap<Duplex, Connection>()
  let sweeper: NodeJS.Timeout | undefined

  function accept(socket: Socket): void {
    sockets.add(socket)
    socket.on('close', () => sockets.remove(socket))
  }

  function open(socket: Socket): void {
    const connection = new Connection(socket, limits, peers.peer(socket.remoteAddress, isEncrypted))
    connections.add(connection)
    connectionOf.set(socket, connection)
    socket.on('close', () => {
      connections.remove(connection)
      connectionOf.delete(socket)
    })
  }

  function sweep(): void {
    const now = Date.now()
    for (const connection of connections.members()) connection.sweep(now)
  }

  function startSweeping(): void {
    sweeper ??= setInterval(sweep, Math.min(SWEEP_MS, limits.bodyIdleMs / 4, limits.lingerMs / 2)).unref()
  }

  function destroyAll(): void {
    clearInterval(sweeper)
    sweeper = undefined
    for (const socket of sockets.members()) socket.destroy()
  }

  return {
    accept,
    open,
    of: (socket) => connectionOf.get(socket),
    startSweeping,
    retireAll: () => connections.members().forEach((connection) => connection.retire()),
    closeIdle: () => connections.members().forEach((connection) => connection.closeIfIdle()),
    destroyAll,
  }
}
