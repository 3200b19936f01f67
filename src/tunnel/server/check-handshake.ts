import { GatewayError } from '../../errors/gateway-error.ts'
import { headerValues, type RawHeaders } from '../../lib/raw-headers.ts'
import { PROTOCOL_VERSION, SUBPROTOCOL } from '../wire/greeting.ts'

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const KEY = /^[A-Za-z0-9+/]{22}==$/

/** What is wrong with an agent's WebSocket handshake (RFC 6455 section 4.2.1), as a sentence for whoever runs it. */
export function checkHandshake(headers: RawHeaders): GatewayError | null {
  const field = (name: string): string => headerValues(headers, name).join(',')
  if (field('sec-websocket-version') !== '13') return badHeader('The WebSocket version is not 13')
  if (!KEY.test(field('sec-websocket-key'))) return badHeader('The WebSocket key is not valid')
  const offered = field('sec-websocket-protocol')
    .split(',')
    .map((name) => name.trim())
  if (new Set(offered).size < offered.length) return badHeader('A WebSocket subprotocol is named twice')
  if (offered.includes(SUBPROTOCOL) && offered.every((name) => TOKEN.test(name))) return null
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
