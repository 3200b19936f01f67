import type { Server } from 'node:http'
import { lookup } from 'node:dns/promises'
import { isIP, isIPv6, Server as NetServer, type AddressInfo } from 'node:net'
import { createArrivals, type ListenerHandlers } from './arrivals.ts'
import { createPeerResolver } from './client-address.ts'
import { createConnectionSet } from './connection-set.ts'
import type { ConnectionLimits } from './connection.ts'
import { createNodeServer } from './node-server.ts'
import { securityHeaders } from './security-headers.ts'
import type { ListenAddress } from './settings.ts'

export interface ListenerOptions {
  /** PEM text. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  readonly trustedProxies: readonly string[]
  /** For tests; the defaults are what the documentation says. */
  readonly limits?: Partial<ListenerLimits>
}

export interface ListenerLimits extends ConnectionLimits {
  readonly headerTimeoutMs: number
  readonly keepAliveMs: number
}

export interface Listener {
  /** The URL it can be reached at; a port of 0 has become a real one. May be called for several addresses. */
  listen(address: ListenAddress): Promise<string>
  /** Answers that begin from here on close their connections. Resolves when the last connection has ended. */
  stopAccepting(): Promise<void>
  closeIdle(): void
  destroyAll(): void
}

const DEFAULT_LIMITS: ListenerLimits = {
  headerTimeoutMs: 10_000,
  // Longer than what load balancers in front keep theirs (60 s).
  keepAliveMs: 65_000,
  bodyIdleMs: 30_000,
  lingerMs: 1_000,
  drainBytes: 262_144,
  maxPipelined: 64,
}

/** The client side of the gateway on Node: sockets in, client ports out. */
export function createListener(options: ListenerOptions, handlers: ListenerHandlers): Listener {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const isEncrypted = options.tls !== null
  const peers = createPeerResolver(options.trustedProxies)
  const connections = createConnectionSet({ limits, peers, isEncrypted })
  const servers: Server[] = []
  let isStopping = false
  const arrivals = createArrivals({
    connections,
    handlers,
    isStopping: () => isStopping,
    securityHeaders: securityHeaders(isEncrypted),
  })

  async function listen(address: ListenAddress): Promise<string> {
    if (isIP(address.host) === 0) await resolve(address.host)
    const events = { accepted: connections.accept, opened: connections.open, ...arrivals }
    const server = createNodeServer({ tls: options.tls, ...limits }, events)
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(withPlace(error, address)))
      server.listen({ host: address.host, port: address.port }, resolve)
    })
    servers.push(server)
    connections.startSweeping()
    // Bound to an address and a port, not to a pipe.
    const { port } = server.address() as AddressInfo
    const host = isIPv6(address.host) ? `[${address.host}]` : address.host
    return `${isEncrypted ? 'https' : 'http'}://${host}:${port}`
  }

  async function stopAccepting(): Promise<void> {
    isStopping = true
    connections.retireAll()
    await Promise.all(servers.map(closed))
  }

  function destroyAll(): void {
    connections.destroyAll()
    for (const server of servers) server.close()
  }

  return { listen, stopAccepting, closeIdle: connections.closeIdle, destroyAll }
}

/**
 * http.Server's own close would cut answers that have ended but not left yet, and stop the header clock. Bun's is no
 * net.Server, and has neither fault.
 */
function closed(server: Server): Promise<void> {
  const whatever: object = server
  return new Promise((resolve) => {
    if (whatever instanceof NetServer) NetServer.prototype.close.call(whatever, () => resolve())
    else server.close(() => resolve())
  })
}

/** Bun says of a name that nobody knows that the address is not available. */
async function resolve(hostname: string): Promise<void> {
  try {
    await lookup(hostname)
  } catch (error) {
    throw Object.assign(error as Error, { hostname })
  }
}

/** Bun's errors do not say where. */
function withPlace(error: Error, { host, port }: ListenAddress): Error {
  return 'address' in error ? error : Object.assign(error, { address: host, ...(port === 0 ? {} : { port }) })
}
