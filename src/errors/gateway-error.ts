import { catalogue, type ErrorCode } from './catalogue.ts'

export interface GatewayErrorOptions {
  /** In place of the catalogue's sentence: sentence case, no full stop, names the action, quotes the value. */
  readonly message?: string
  readonly retryAfterSeconds?: number
  /** In place of the catalogue's status, where one client only shows the text of another one. */
  readonly status?: number
  readonly cause?: unknown
}

/** The one class of errors that Corral makes; what it is follows from its code. */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly status: number
  readonly retryable: boolean
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, options: GatewayErrorOptions = {}) {
    const entry = catalogue[code]
    super(options.message ?? entry.message, { cause: options.cause })
    this.name = 'GatewayError'
    this.code = code
    this.status = options.status ?? entry.status
    this.retryable = entry.retryable
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
