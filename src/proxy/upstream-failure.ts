import { GatewayError } from '../errors/gateway-error.ts'
import { headerValue, type RawHeaders } from '../lib/raw-headers.ts'
import type { ExchangeEnding } from './exchange-record.ts'
import type { RouteKind } from './route.ts'
import type { AttemptOutcome } from './router.ts'
import type { UpstreamError } from './upstream.ts'

/** What a caller is told of an attempt that failed; never an address, never a cause. */
export function errorOfUpstream(error: UpstreamError): GatewayError {
  const { cause } = error
  switch (error.kind) {
    case 'unreachable':
      return new GatewayError('upstream_unreachable', { cause, retryAfterSeconds: 3 })
    case 'reset':
      return new GatewayError('upstream_reset', { cause })
    case 'bad-response':
      return new GatewayError('upstream_bad_response', { cause })
    case 'timed-out':
      return new GatewayError('upstream_timeout', { cause })
    case 'refused':
      return new GatewayError('no_upstream', { cause, retryAfterSeconds: 3 })
    case 'refused-key':
    case 'forbidden':
      return new GatewayError('provider_refused', { cause })
    case 'body-failed':
      return new GatewayError(error.bodyFailure ?? 'bad_body', { cause })
  }
}

export function outcomeOf(error: UpstreamError): AttemptOutcome {
  switch (error.kind) {
    case 'unreachable':
    case 'refused-key':
      return error.kind
    case 'forbidden':
      return 'answered'
    case 'refused':
      return 'busy'
    case 'body-failed':
      return 'cancelled'
    case 'reset':
    case 'bad-response':
    case 'timed-out':
      return 'broken'
  }
}

/** Whether another upstream may do better than an answer with this status: never a 4xx. */
export function isFailure(status: number, kind: RouteKind): boolean {
  if (status === 503) return true
  return kind === 'generate' && status >= 500 && status !== 501
}

/** An overloaded server, Ollama's own 503 and Anthropic's 529. */
const BUSY: ReadonlySet<number> = new Set([503, 529])

/** Ollama says 500 to these too, and would on every server: an option of a wrong type, a template that is none. */
const FAULT_OF_REQUEST = /^(?:option "|template: |json: )|\bonly supports one image\b/

/** What a whole answer speaks for; `message` is what an error says. */
export function outcomeOfAnswer(status: number, kind: RouteKind, message: string | undefined): AttemptOutcome {
  if (!isFailure(status, kind)) return 'answered'
  if (BUSY.has(status)) return 'busy'
  return message !== undefined && FAULT_OF_REQUEST.test(message) ? 'answered' : 'failed-model'
}

/** A client's upload that failed is not its upstream's failure. */
export function endingOf({ kind }: UpstreamError): ExchangeEnding {
  if (kind === 'timed-out') return 'timed-out'
  return kind === 'body-failed' ? 'refused' : 'upstream-failed'
}

/** No route of Ollama's answers a page: this is some other server, or a proxy's error with a 200. */
export function isHtml(headers: RawHeaders): boolean {
  return headerValue(headers, 'content-type')?.trimStart().toLowerCase().startsWith('text/html') === true
}

/** What Ollama answers at once although a stream was asked for (a load, a rendered prompt): whole by its framing. */
export function isWholeJson(headers: RawHeaders): boolean {
  return headerValue(headers, 'content-type')?.trimStart().toLowerCase().startsWith('application/json') === true
}
