import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { renderError } from '../dialects/error-body.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { headerValue } from '../lib/raw-headers.ts'
import { runtime } from '../lib/runtime.ts'
import type { ClientPort, ClientRequest } from '../proxy/client-port.ts'
import type { DuplexPort } from '../proxy/upstream.ts'
import { isWebSocket, toBody, toClientRequest } from './client-request.ts'
import type { ConnectionSet } from './connection-set.ts'
import { createDuplexPort } from './duplex-port.ts'
import { unsupportedMethod } from './header-rules.ts'
import { NodeClient } from './node-client.ts'
import type { NodeServerEvents } from './node-server.ts'
import { explainParserError, type ParserError } from './parser-error.ts'
import { rawAnswer } from './raw-answer.ts'

export interface ListenerHandlers {
  request(client: ClientPort): void
  /** `Upgrade: websocket`; the answer, a refusal too, is written to the socket. */
  upgrade(request: ClientRequest, socket: DuplexPort): void
  /** Hears of an upgrade before `upgrade` does; true: it was taken or refused. For protocols that a library speaks. */
  native?(request: ClientRequest, upgrade: NativeUpgrade): boolean
  /** Requests for this target go on coming on their connection while what runs elsewhere comes to its end. */
  outlastsStop?(target: string): boolean
  /** Hears of what `request` threw, a mistake of ours, which ends that exchange and no other. */
  failed?(error: unknown): void
}

export interface NativeUpgrade {
  readonly message: IncomingMessage
  /** What was read too far. */
  readonly head: Buffer
  /** From here on the listener leaves the socket alone. */
  takeSocket(): Socket
  refuse(error: GatewayError): void
}

export interface ArrivalDeps {
  readonly connections: ConnectionSet
  readonly handlers: ListenerHandlers
  /** Whether what is answered from now on is the last answer of its connection. */
  readonly isStopping: () => boolean
  readonly securityHeaders: readonly string[]
}

type Arrivals = Pick<NodeServerEvents, 'request' | 'shouldUpgrade' | 'upgrade' | 'clientError'>

/** What becomes of each thing that node:http reports: an exchange, an upgrade, an error, or nothing any more. */
export function createArrivals({ connections, handlers, isStopping, securityHeaders }: ArrivalDeps): Arrivals {
  function request(message: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const connection = connections.of(message.socket)
    // After a closing answer nothing on a connection is a request any more, however it looks.
    if (connection === undefined || connection.isClosing) return
    if (connection.isFull) return connection.destroy()
    // node:http drops what came in one packet behind an upgrade that it ignores: what follows may be half a request.
    const isLast = headerValue(message.rawHeaders, 'upgrade') !== undefined
    if (isLast && !connection.isIdle) return connection.closeAfterAnswer()
    if (handlers.outlastsStop?.(message.url ?? '') === true) connection.outlastStop()
    else if (isStopping()) connection.retire()
    const arrival = { connection, message, response, expectsContinue }
    const body = toBody(arrival)
    const client = new NodeClient(arrival, toClientRequest(connection, message, body), body)
    if (isLast) connection.closeAfterAnswer()
    try {
      handlers.request(client)
    } catch (error) {
      // The parser is on the stack: thrown on, this would end the process and every stream in it.
      client.reset()
      handlers.failed?.(error)
    }
  }

  function shouldUpgrade(message: IncomingMessage): boolean {
    return isWebSocket(message) && connections.of(message.socket)?.isIdle === true
  }

  function upgrade(message: IncomingMessage, socket: Duplex, alreadyRead: Buffer): void {
    const connection = connections.of(socket)
    if (connection === undefined || connection.isClosing) return void socket.destroy()
    const refuse = (error: GatewayError): void => {
      connection.answerAndClose(errorBytes(error))
      socket.resume()
    }
    if (!shouldUpgrade(message)) {
      return refuse(message.method === 'CONNECT' ? unsupportedMethod() : new GatewayError('upgrade_refused'))
    }
    const request = toClientRequest(connection, message, null)
    const native = { message, head: alreadyRead, takeSocket: () => connection.leaveHttp(), refuse }
    if (handlers.native?.(request, native) === true) return
    // node:http hands out the socket it accepted.
    handlers.upgrade(request, createDuplexPort(socket as Socket, alreadyRead))
  }

  function clientError(error: ParserError, socket: Duplex): void {
    const connection = connections.of(socket)
    // A connection unknown here failed its TLS handshake.
    if (connection === undefined) return void socket.destroy()
    const reason = explainParserError(error)
    // Bun does not count, and accepts no connection before it has said something.
    const saidNothing = runtime !== 'bun' && (socket as Socket).bytesRead === 0
    if (reason === null || saidNothing) return connection.destroy()
    // Whatever follows a whole request is nobody's request: its answer is finished, and is the last one.
    if (connection.hasWholeRequest || error.code === 'HPE_CLOSED_CONNECTION') return connection.closeAfterAnswer()
    if (connection.isClosing) return
    if (!connection.canAnswer) return connection.destroy()
    connection.answerAndClose(errorBytes(reason))
  }

  function errorBytes(error: GatewayError): Uint8Array {
    return rawAnswer(renderError(error, 'ollama'), securityHeaders)
  }

  return { request, shouldUpgrade, upgrade, clientError }
}
