import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type ServerOptions, WebSocketServer } from 'ws'
import { SUBPROTOCOL } from '../wire/greeting.ts'
import type { Transport } from '../wire/transport.ts'
import { CLOSE_MS, MAX_MESSAGE_BYTES, wsTransport } from './ws-transport.ts'

/** An upgrade as node:http hands it out, after its handshake was checked. */
export interface ArrivedUpgrade {
  readonly message: IncomingMessage
  readonly socket: Duplex
  /** What was read too far. */
  readonly head: Buffer
}

export type AcceptUpgrade = (
  upgrade: ArrivedUpgrade,
  accepted: (transport: Transport & { readonly id: string }) => void,
) => void

/** Speaks the agent's subprotocol on sockets that others have listened for. */
export function createAcceptUpgrade(): AcceptUpgrade {
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // Where the agent says goodbye first.
    closeTimeout: CLOSE_MS,
    handleProtocols: () => SUBPROTOCOL,
  } satisfies ServerOptions & { readonly closeTimeout: number }
  const server = new WebSocketServer(options)
  return ({ message, socket, head }, accepted) => {
    server.handleUpgrade(message, socket, head, (webSocket) => accepted(wsTransport(webSocket)))
  }
}
