import { GatewayError } from '../errors/gateway-error.ts'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'

/** Tells whoever runs the gateway of agents that did not get in. */
export interface AgentRefusals {
  /** At the WebSocket's door. */
  refused(error: GatewayError, address: string): void
  /** At the other one, which is a request like any other. */
  recorded(record: ExchangeRecord): void
}

const AGAIN_MS = 50_000
/** Anybody can knock: no more lines than these between two pauses. */
const MAX_LINES = 20

export function createAgentRefusals({ log, clock }: { readonly log: Log; readonly clock: Clock }): AgentRefusals {
  const told = new Map<string, number>()
  const tell = (reason: string, fields: object): void => {
    const now = clock.now()
    for (const [text, at] of told) if (now - at >= AGAIN_MS) told.delete(text)
    const text = `${JSON.stringify(fields)} ${reason}`
    if (told.has(text) || told.size >= MAX_LINES) return
    told.set(text, now)
    log.warn(fields, `agent refused: ${reason}`)
  }
  return {
    refused: (error, address) => tell(error.message, { address }),
    recorded({ path, status, error }) {
      if (path !== '/agent/v1/sse' || error === null || status < 400) return
      tell(new GatewayError(error).message, {})
    },
  }
}
