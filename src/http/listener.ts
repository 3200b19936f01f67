import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { isIPv6, Server as NetServer, type AddressInfo, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { renderError } from '../dialects/error-body.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { ClientPort, ClientRequest } from '../proxy/client-port.ts'
import type { DuplexPort } from '../proxy/upstream.ts'
import { createPeerResolver } from './client-address.ts'
import { isWebSocket, toBody, toClientRequest } from './client-request.ts'
import { Connection, type ConnectionLimits } from './connection.ts'
import { createDuplexPort } from './duplex-port.ts'
import { MAX_HEADER_BYTES, unsupportedMethod } from './header-rules.ts'
import { NodeClient } from './node-client.ts'
import { explainParserError, type ParserError } from './parser-error.ts'
import { rawAnswer } from './raw-answer.ts'
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

export interface ListenerHandlers {
  request(client: ClientPort): void
  /** `Upgrade: websocket`; the answer, a refusal too, is written to the socket. */
  upgrade(request: ClientRequest, socket: DuplexPort): void
}

export interface Listener {
  /** The URL it can be reached at; a port of 0 has become a real one. May be called for several addresses. */
  listen(address: ListenAddress): Promise<string>
  /** Answers from here on close their connections. Resolves when the last connection has ended. */
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
const SWEEP_MS = 500

export function createListener(options: ListenerOptions, handlers: ListenerHandlers): Listener {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const peers = createPeerResolver(options.trustedProxies)
  const isEncrypted = options.tls !== null
  const servers: Server[] = []
  const sockets = new Set<Socket>()
  const connections = new Map<Duplex, Connection>()
  let isStopping = false
  let sweeper: NodeJS.Timeout | undefined

  function onConnection(socket: Socket): void {
    const connection = new Connection(socket, limits, peers.peer(socket.remoteAddress, isEncrypted))
    connections.set(socket, connection)
    socket.on('close', () => connections.delete(socket))
  }

  function onRequest(message: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const connection = connections.get(message.socket)
    // After a closing answer nothing on a connection is a request any more, however it looks.
    if (connection === undefined || connection.isClosing) return
    if (connection.isFull) return connection.destroy()
    // node:http drops what came in one packet behind an upgrade that it ignores: what follows may be half a request.
    const isLast = message.headers.upgrade !== undefined
    if (isLast && !connection.isIdle) return connection.closeAfterAnswer()
    if (isStopping) connection.retire()
    const body = toBody({ connection, message, response, expectsContinue })
    const client = new NodeClient(connection, response, toClientRequest(connection, message, body), body)
    if (isLast) connection.closeAfterAnswer()
    handlers.request(client)
  }

  function onUpgrade(message: IncomingMessage, socket: Duplex, alreadyRead: Buffer): void {
    const connection = connections.get(socket)
    if (connection === undefined || connection.isClosing) return void socket.destroy()
    if (!isWebSocket(message) || !connection.isIdle) {
      const isConnect = message.method === 'CONNECT'
      connection.answerAndClose(errorBytes(isConnect ? unsupportedMethod() : new GatewayError('upgrade_refused')))
      return void socket.resume()
    }
    // node:http hands out the socket it accepted.
    handlers.upgrade(toClientRequest(connection, message, null), createDuplexPort(socket as Socket, alreadyRead))
  }

  function onClientError(error: ParserError, socket: Duplex): void {
    const connection = connections.get(socket)
    // A connection unknown here failed its TLS handshake.
    if (connection === undefined) return void socket.destroy()
    const reason = explainParserError(error)
    const saidNothing = (socket as Socket).bytesRead === 0
    if (reason === null || saidNothing) return connection.destroy()
    // Whatever follows a whole request is nobody's request: its answer is finished, and is the last one.
    if (connection.hasWholeRequest || error.code === 'HPE_CLOSED_CONNECTION') return connection.closeAfterAnswer()
    if (connection.isClosing) return
    if (!connection.canAnswer) return connection.destroy()
    connection.answerAndClose(errorBytes(reason))
  }

  function errorBytes(error: GatewayError): Uint8Array {
    return rawAnswer(renderError(error, 'ollama'), securityHeaders(isEncrypted))
  }

  function createServer(): Server {
    const settings = {
      maxHeaderSize: MAX_HEADER_BYTES,
      // The header rules answer for a missing Host, in words.
      requireHostHeader: false,
      headersTimeout: limits.headerTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, limits.headerTimeoutMs / 2),
      // Uploads may take hours; what bounds them is their silence.
      requestTimeout: 0,
      keepAliveTimeout: limits.keepAliveMs,
      noDelay: true,
      shouldUpgradeCallback: (message: IncomingMessage) =>
        isWebSocket(message) && connections.get(message.socket)?.isIdle === true,
    }
    const server = options.tls === null
      ? createPlainServer(settings)
      : createTlsServer({ ...settings, ...options.tls, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], handshakeTimeout: 10_000 })
    // 0 is no limit: beyond the default of 2000 node:http would drop fields without a word; the header rules count.
    server.maxHeadersCount = 0
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
    server.on(isEncrypted ? 'secureConnection' : 'connection', onConnection)
    server.on('request', (message, response) => onRequest(message, response, false))
    server.on('checkContinue', (message, response) => onRequest(message, response, true))
    server.on('checkExpectation', (message, response) => onRequest(message, response, false))
    server.on('upgrade', onUpgrade)
    server.on('connect', onUpgrade)
    server.on('clientError', onClientError)
    return server
  }

  function sweep(): void {
    const now = Date.now()
    for (const connection of connections.values()) connection.sweep(now)
  }

  async function listen(address: ListenAddress): Promise<string> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: address.host, port: address.port }, resolve)
    })
    servers.push(server)
    sweeper ??= setInterval(sweep, Math.min(SWEEP_MS, limits.bodyIdleMs / 4, limits.lingerMs / 2)).unref()
    // Bound to an address and a port, not to a pipe.
    const { port } = server.address() as AddressInfo
    const host = isIPv6(address.host) ? `[${address.host}]` : address.host
    return `${isEncrypted ? 'https' : 'http'}://${host}:${port}`
  }

  async function stopAccepting(): Promise<void> {
    isStopping = true
    for (const connection of connections.values()) connection.retire()
    // http.Server's own close would cut answers that have ended but not left yet, and stop the header clock.
    await Promise.all(servers.map((server) => new Promise<void>((resolve) => {
      NetServer.prototype.close.call(server, () => resolve())
    })))
  }

  function closeIdle(): void {
    for (const connection of connections.values()) connection.closeIfIdle()
  }

  function destroyAll(): void {
    clearInterval(sweeper)
    for (const socket of sockets) socket.destroy()
    for (const server of servers) server.close()
  }

  return { listen, stopAccepting, closeIdle, destroyAll }
}
