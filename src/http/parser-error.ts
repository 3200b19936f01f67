import { GatewayError } from '../errors/gateway-error.ts'

/** What node:http's parser or clock has to say about bytes that never became a request; null where nobody listens. */
export function explainParserError(error: ParserError): GatewayError | null {
  switch (error.code) {
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ETIMEDOUT':
      return null
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError('header_timeout')
    case 'HPE_HEADER_OVERFLOW':
      return new GatewayError('headers_too_large')
    case 'HPE_INVALID_VERSION':
      // The parser says the same of a line end it does not like.
      return new GatewayError(error.reason === 'Invalid HTTP version' ? 'http_version' : 'bad_request')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new GatewayError('bad_request', { message: 'The chunk extensions are too large' })
    default:
      return new GatewayError('bad_request')
  }
}

export interface ParserError extends Error {
  readonly code?: string
  readonly reason?: string
}
