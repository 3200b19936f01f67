import type { RenderedError } from '../dialects/error-body.ts'
import type { ClientPort } from '../proxy/client-port.ts'
import type { ExchangeTrace } from '../proxy/exchange-trace.ts'

export type Respond = (client: ClientPort, answer: RenderedError, trace: ExchangeTrace) => void

const encoder = new TextEncoder()

/** Sends a whole answer of Corral's own, with what goes along with every such answer. */
export function createRespond(securityHeaders: readonly string[]): Respond {
  return (client, answer, trace) => {
    const body = encoder.encode(answer.body)
    const headers = [...answer.headers, ...securityHeaders, 'x-request-id', trace.id]
    if (answer.status !== 204) headers.push('content-length', String(body.length))
    client.head(answer.status, headers)
    if (body.length > 0 && client.request.method !== 'HEAD') {
      trace.sent(body.length)
      client.data(body)
    }
    client.end()
  }
}
