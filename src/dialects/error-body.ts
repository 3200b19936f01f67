import type { GatewayError } from '../errors/gateway-error.ts'
import type { Dialect } from './dialect.ts'

export interface RenderedError {
  readonly status: number
  /** Flat name, value pairs. */
  readonly headers: readonly string[]
  readonly body: string
}

/** An error as the caller's API spells it, before the first byte of an answer has left. */
export function renderError(error: GatewayError, dialect: Dialect): RenderedError {
  const headers = ['content-type', 'application/json; charset=utf-8', 'corral-error', error.code]
  if (error.retryAfterSeconds !== undefined) headers.push('retry-after', String(error.retryAfterSeconds))
  if (!error.retryable) headers.push('x-should-retry', 'false')
  if (error.status === 401) headers.push('www-authenticate', 'Bearer realm="corral"')
  return { status: error.status, headers, body: JSON.stringify(errorObject(error, dialect)) }
}

/** The JSON value of an error in a dialect; the same object goes into a stream that fails midway. */
export function errorObject(error: GatewayError, dialect: Dialect): object {
  switch (dialect) {
    case 'ollama':
      return { error: error.message }
    case 'openai':
    case 'responses':
      return { error: { message: error.message, type: openaiType(error.status), param: null, code: error.code } }
    case 'anthropic':
      return { type: 'error', error: { type: anthropicType(error.status), message: error.message } }
  }
}

/** https://platform.openai.com/docs/guides/error-codes; 404 is what Ollama's own /v1 says. */
function openaiType(status: number): string {
  if (status === 401) return 'authentication_error'
  if (status === 403) return 'permission_error'
  if (status === 404) return 'not_found_error'
  if (status === 429) return 'rate_limit_error'
  return status < 500 ? 'invalid_request_error' : 'api_error'
}

/** https://docs.anthropic.com/en/api/errors */
function anthropicType(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error'
    case 403:
      return 'permission_error'
    case 404:
      return 'not_found_error'
    case 413:
      return 'request_too_large'
    case 429:
      return 'rate_limit_error'
    case 503:
      return 'overloaded_error'
    default:
      return status < 500 ? 'invalid_request_error' : 'api_error'
  }
}
