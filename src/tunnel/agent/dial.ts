import { dialWebSocket } from '../node/dial-web-socket.ts'
import type { GatewayAddress } from './gateway-address.ts'
import type { Dial } from './run-agent.ts'
import { SseTransport } from './sse-transport.ts'

/** Opens connections to one gateway. */
export function createDial(address: GatewayAddress): Dial {
  return (kind, signal) => (kind === 'ws' ? dialWebSocket(address, signal) : Promise.resolve(new SseTransport(address)))
}
