import { GatewayError } from '../../errors/gateway-error.ts'
import { headerValue, type RawHeaders } from '../../lib/raw-headers.ts'
import { PROTOCOL_VERSION, SUBPROTOCOL } from '../wire/greeting.ts'

const KEY = /^[A-Za-z0-9+/]{22}==$/

/** What is wrong with an agent's WebSocket handshake (RFC 6455 section 4.2.1), as a sentence for whoever runs it. */
export function checkHandshake(headers: RawHeaders): GatewayError | null {
  if (headerValue(headers, 'sec-websocket-version') !== '13') return badHeader('The WebSocket version is not 13')
  if (!KEY.test(headerValue(headers, 'sec-websocket-key') ?? '')) return badHeader('The WebSocket key is not valid')
  const offered = (headerValue(headers, 'sec-websocket-protocol') ?? '').split(',').map((name) => name.trim())
  if (offered.includes(SUBPROTOCOL)) return null
  const versions = offered.flatMap((name) => /^corral\.v(\d{1,6})$/.exec(name)?.[1] ?? []).map(Number)
  if (versions.length === 0) {
    return badHeader(`An agent names the WebSocket subprotocol ${SUBPROTOCOL}: upgrade the agent, if this is one`)
  }
  const older = Math.max(...versions) > PROTOCOL_VERSION ? 'gateway' : 'agent'
  const message = `The agent speaks ${offered.join(', ')} and the gateway ${SUBPROTOCOL}: upgrade the ${older}`
  return new GatewayError('agent_version', { message })
}

function badHeader(message: string): GatewayError {
  return new GatewayError('bad_header', { message })
}
