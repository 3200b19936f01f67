import { JSON_TYPE, send, type Answer } from './answer.ts'
import { encode } from './go-json.ts'
import type { OllamaError } from './ollama-error.ts'
import { createHash } from 'node:crypto'

export type ErrorShape = 'native' | 'openai' | 'anthropic'

let lastRequest = 0

/** An error before the first byte. What the decoder refused is typed with a charset, what a handler refused is not. */
export function sendError(answer: Answer, shape: ErrorShape, error: OllamaError): Promise<void> {
  if (shape === 'native') {
    return send(answer, error.status, { type: JSON_TYPE, body: encode({ error: error.message, ...error.extra }) })
  }
  const body = encode(shape === 'openai' ? openaiError(error) : anthropicError(error))
  return error.extra['by'] === 'middleware'
    ? send(answer, error.status, { type: JSON_TYPE, body })
    : send(answer, error.status, { type: 'application/json', body: `${body}\n` })
}

function openaiError(error: OllamaError): object {
  const types: Readonly<Record<number, string>> = { 400: 'invalid_request_error', 404: 'not_found_error' }
  const type = types[error.status] ?? 'api_error'
  return { error: { message: error.message, type, param: null, code: null } }
}

function anthropicError(error: OllamaError): object {
  const types: Readonly<Record<number, string>> = {
    400: 'invalid_request_error',
    401: 'authentication_error',
    403: 'permission_error',
    404: 'not_found_error',
    429: 'rate_limit_error',
    503: 'overloaded_error',
    529: 'overloaded_error',
  }
  const id = createHash('sha256')
    .update(`request ${(lastRequest += 1)}`)
    .digest('hex')
    .slice(0, 24)
  const type = types[error.status] ?? 'api_error'
  return { type: 'error', error: { type, message: error.message }, request_id: `req_${id}` }
}
