import type { IncomingMessage } from 'node:http'
import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'
import type { ClientRequest } from '../proxy/client-port.ts'
import type { Connection } from './connection.ts'
import { type Arrival, NodeBody } from './node-body.ts'

/** The request as node:http parsed it, without a judgement. */
export function toClientRequest(
  connection: Connection,
  message: IncomingMessage,
  body: NodeBody | null,
): ClientRequest {
  const headers = message.rawHeaders
  const origin = connection.originOf(headers)
  return {
    method: message.method ?? '',
    httpVersion: message.httpVersion,
    target: message.url ?? '',
    headers,
    body,
    connection,
    address: origin.address,
    confidential: origin.confidential,
  }
}

/** Null where the framing says that nothing follows (RFC 9112 section 6.3). */
export function toBody(arrival: Arrival): NodeBody | null {
  const headers = arrival.message.rawHeaders
  const length = declaredLength(headers)
  if (length === 0 || (length === undefined && headerValue(headers, 'transfer-encoding') === undefined)) return null
  return new NodeBody(arrival, length)
}

/** RFC 6455 section 4.1, as far as it decides whether the connection leaves HTTP. */
export function isWebSocket(message: IncomingMessage): boolean {
  return (
    message.method === 'GET' &&
    message.httpVersion === '1.1' &&
    message.headers.upgrade?.toLowerCase() === 'websocket' &&
    (declaredLength(message.rawHeaders) ?? 0) === 0 &&
    message.headers['transfer-encoding'] === undefined
  )
}

function declaredLength(headers: RawHeaders): number | undefined {
  const value = headerValue(headers, 'content-length')
  return value === undefined ? undefined : Number(value)
}
