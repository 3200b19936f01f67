import type { Principal } from '../../auth/principal.ts'
import { closeCodes } from '../wire/codes.ts'
import type { Transport } from '../wire/transport.ts'

/** Takes over a connection whose key was let in: listens to it or closes it before it returns. */
export type OnAgent = (transport: ArrivedTransport, principal: Principal, peer: { readonly address: string }) => void

/** `id` names the session, and cannot be guessed. */
export type ArrivedTransport = Transport & { readonly id: string }

/** Connections of agents from the moment they stand, so that none outlives its key, greeted or not. */
export interface AgentArrivals {
  readonly arrive: OnAgent
  readonly size: number
  endKey(keyId: string): void
}

export function createAgentArrivals(onAgent: OnAgent): AgentArrivals {
  const open = new Map<ArrivedTransport, string>()
  return {
    get size() {
      return open.size
    },
    arrive(transport, principal, peer) {
      open.set(transport, principal.keyId)
      onAgent(
        watched(transport, () => void open.delete(transport)),
        principal,
        peer,
      )
    },
    endKey(keyId) {
      for (const [transport, of] of open) {
        if (of === keyId) transport.close(closeCodes.AUTH, 'The key is not valid any more')
      }
    },
  }
}

function watched(transport: ArrivedTransport, over: () => void): ArrivedTransport {
  let isHeard = false
  return {
    id: transport.id,
    kind: transport.kind,
    send: (batch) => transport.send(batch),
    sendText: (text) => transport.sendText(text),
    buffered: () => transport.buffered(),
    close(code, reason) {
      // Its end would be told to nobody.
      if (!isHeard) over()
      transport.close(code, reason)
    },
    listen(events) {
      isHeard = true
      transport.listen({
        batch: (bytes) => events.batch(bytes),
        text: (text) => events.text(text),
        drained: () => events.drained(),
        closed(code, reason) {
          over()
          events.closed(code, reason)
        },
      })
    },
  }
}
