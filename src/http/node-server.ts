import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { MAX_HEADER_BYTES } from './header-rules.ts'
import type { ParserError } from './parser-error.ts'

export interface NodeServerOptions {
  readonly tls: { readonly cert: string; readonly key: string } | null
  readonly headerTimeoutMs: number
  readonly keepAliveMs: number
}

export interface NodeServerEvents {
  /** A TCP connection, before any handshake. */
  accepted(socket: Socket): void
  /** A connection that speaks HTTP. */
  opened(socket: Socket): void
  request(message: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void
  shouldUpgrade(message: IncomingMessage): boolean
  upgrade(message: IncomingMessage, socket: Duplex, alreadyRead: Buffer): void
  clientError(error: ParserError, socket: Duplex): void
}

/** A node:http server with the settings of the edge and nothing answered on its own account. */
export function createNodeServer(options: NodeServerOptions, events: NodeServerEvents): Server {
  const settings = {
    maxHeaderSize: MAX_HEADER_BYTES,
    // The header rules answer for a missing Host, in words.
    requireHostHeader: false,
    headersTimeout: options.headerTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, options.headerTimeoutMs / 2),
    // Uploads may take hours; what bounds them is their silence.
    requestTimeout: 0,
    keepAliveTimeout: options.keepAliveMs,
    noDelay: true,
    shouldUpgradeCallback: (message: IncomingMessage) => events.shouldUpgrade(message),
  }
  const tls = { ...options.tls, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], handshakeTimeout: 10_000 } as const
  const server = options.tls === null ? createPlainServer(settings) : createTlsServer({ ...settings, ...tls })
  // 0 is no limit: beyond the default of 2000 node:http would drop fields without a word; the header rules count.
  server.maxHeadersCount = 0
  server.on('connection', (socket: Socket) => events.accepted(socket))
  server.on(options.tls === null ? 'connection' : 'secureConnection', (socket: Socket) => events.opened(socket))
  server.on('request', (message, response) => events.request(message, response, false))
  server.on('checkContinue', (message, response) => events.request(message, response, true))
  server.on('checkExpectation', (message, response) => events.request(message, response, false))
  server.on('upgrade', (message, socket, head) => events.upgrade(message, socket, head))
  server.on('connect', (message, socket, head) => events.upgrade(message, socket, head))
  server.on('clientError', (error: ParserError, socket) => events.clientError(error, socket))
  return server
}
