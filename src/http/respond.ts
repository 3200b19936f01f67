import type { ClientPort } from '../proxy/client-port.ts'
import type { ExchangeTrace } from '../proxy/exchange-trace.ts'

/** A whole answer of Corral's own. */
export interface OwnReply {
  readonly status: number
  /** Flat name, value pairs. */
  readonly headers: readonly string[]
  readonly body: string | Uint8Array
}

export type Respond = (client: ClientPort, answer: OwnReply, trace: ExchangeTrace) => void

const encoder = new TextEncoder()

/** Sends a whole answer of Corral's own, with what goes along with every such answer. */
export function createRespond(securityHeaders: readonly string[]): Respond {
  return (client, answer, trace) => {
    const body = typeof answer.body === 'string' ? encoder.encode(answer.body) : answer.body
    // Whoever says more of what a page may do is not told less.
    const more = securityHeaders.filter((_, at) => !answer.headers.includes(securityHeaders[at - (at % 2)] ?? ''))
    const headers = [...answer.headers, ...more, 'x-request-id', trace.id]
    if (answer.status !== 204 && answer.status !== 304) headers.push('content-length', String(body.length))
    client.head(answer.status, headers)
    if (body.length > 0 && client.request.method !== 'HEAD') {
      trace.sent(body.length)
      client.data(body)
    }
    client.end()
  }
}
