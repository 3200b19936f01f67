import type { Principal } from '../../auth/principal.ts'
import { closeCodes } from '../wire/codes.ts'
import type { Transport, TransportEvents, TransportKind } from '../wire/transport.ts'

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
  const open = new Set<Arrival>()
  return {
    get size() {
      return open.size
    },
    arrive(transport, principal, peer) {
      const arrival = new Arrival(transport, principal.keyId, () => void open.delete(arrival))
      open.add(arrival)
      onAgent(arrival, principal, peer)
    },
    endKey(keyId) {
      for (const arrival of open) {
        if (arrival.keyId === keyId) arrival.end(closeCodes.AUTH, 'The key is not valid any more')
      }
    },
  }
}

/** A transport that can be ended from both sides of whoever listens to it. */
class Arrival implements ArrivedTransport {
  readonly id: string
  readonly kind: TransportKind
  readonly keyId: string
  readonly #transport: ArrivedTransport
  readonly #forget: () => void
  #events: TransportEvents | null = null
  #isOver = false

  constructor(transport: ArrivedTransport, keyId: string, forget: () => void) {
    this.id = transport.id
    this.kind = transport.kind
    this.keyId = keyId
    this.#transport = transport
    this.#forget = forget
  }

  listen(events: TransportEvents): void {
    this.#events = events
    this.#transport.listen({
      batch: (bytes) => events.batch(bytes),
      text: (text) => events.text(text),
      drained: () => events.drained(),
      closed: (code, reason) => this.#over(code, reason),
    })
  }

  send(batch: Uint8Array): void {
    this.#transport.send(batch)
  }

  sendText(text: 'ping' | 'pong'): void {
    this.#transport.sendText(text)
  }

  buffered(): number {
    return this.#transport.buffered()
  }

  close(code: number, reason: string): void {
    this.#transport.close(code, reason)
    if (this.#events === null) this.#over(code, reason)
  }

  /** Whoever listens hears of it now, however long the other side takes to say goodbye. */
  end(code: number, reason: string): void {
    this.#transport.close(code, reason)
    this.#over(code, reason)
  }

  #over(code: number, reason: string): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#forget()
    this.#events?.closed(code, reason)
  }
}
