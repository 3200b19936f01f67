import type { Dialect } from '../dialects/dialect.ts'
import type { RenderedError } from '../dialects/error-body.ts'
import type { StreamPosition } from '../dialects/in-band-error.ts'
import type { LineMeaning, StreamFormat } from '../dialects/stream-format.ts'
import type { AnswerTimings, TokenUsage } from '../dialects/token-usage.ts'
import type { GatewayError } from '../errors/gateway-error.ts'

/** What the proxy asks of the dialects: how each says that something failed, ended, or was counted. */
export interface DialectPort {
  renderError(error: GatewayError, dialect: Dialect): RenderedError
  /** What the body of somebody else's error says; undefined where it says nothing. */
  errorMessage(body: string): string | undefined
  /** Undefined where no words would be heard as a failure. */
  inBandError(error: GatewayError, format: StreamFormat, position: StreamPosition): string | undefined
  meaningOfSseLine(dialect: Dialect, line: string): LineMeaning
  meaningOfNdjsonLine(line: string): LineMeaning
  tokenUsage(dialect: Dialect, text: string): TokenUsage
  /** Null where the dialect does not tell. */
  answerTimings(tail: string): AnswerTimings | null
}
