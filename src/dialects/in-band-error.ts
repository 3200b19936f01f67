import type { GatewayError } from '../errors/gateway-error.ts'
import { errorObject } from './error-body.ts'
import type { StreamFormat } from './stream-format.ts'

export interface StreamPosition {
  /** Where in the framing the client stands: after a whole event, between two lines of one, or inside a line. */
  readonly at: 'boundary' | 'inside-event' | 'inside-line'
  /** Text of the last lines that went out; a `response.failed` continues their numbering. */
  readonly tail: string
}

/**
 * The last words of a stream that failed midway, or undefined where no client would read them as a failure: inside
 * a native line, where only a broken connection tells the truth.
 */
export function inBandError(error: GatewayError, format: StreamFormat, position: StreamPosition): string | undefined {
  if (format.framing === 'ndjson') {
    return position.at === 'inside-line' ? undefined : `${JSON.stringify(errorObject(error, 'ollama'))}\n`
  }
  const separator = { boundary: '', 'inside-event': '\n', 'inside-line': '\n\n' }[position.at]
  return separator + sseEvent(error, format, position.tail)
}

function sseEvent(error: GatewayError, format: StreamFormat, tail: string): string {
  switch (format.dialect) {
    case 'anthropic':
      return `event: error\ndata: ${JSON.stringify(errorObject(error, 'anthropic'))}\n\n`
    case 'responses':
      return `event: response.failed\ndata: ${JSON.stringify(responseFailed(error, tail))}\n\n`
    default:
      return `data: ${JSON.stringify(errorObject(error, 'openai'))}\n\n`
  }
}

/** The OpenAI SDKs raise on a top-level `error` only, so it is there beside what the event's schema asks for. */
function responseFailed(error: GatewayError, tail: string): object {
  const numbers = [...tail.matchAll(/"sequence_number":(\d+)/g)]
  const responseId = /"id":"(resp_[^"]+)"/.exec(tail)?.[1]
  return {
    type: 'response.failed',
    sequence_number: Number(numbers.at(-1)?.[1] ?? -1) + 1,
    response: {
      id: responseId ?? 'resp_failed',
      object: 'response',
      status: 'failed',
      error: { code: 'server_error', message: error.message },
      output: [],
    },
    ...errorObject(error, 'responses'),
  }
}
