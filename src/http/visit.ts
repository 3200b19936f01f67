import type { Dialect } from '../dialects/dialect.ts'
import { renderError } from '../dialects/error-body.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { ClientPort } from '../proxy/client-port.ts'
import type { ExchangeEnding, ExchangeRecord } from '../proxy/exchange-record.ts'
import type { ExchangeTrace } from '../proxy/exchange-trace.ts'
import type { ParsedTarget } from './request-target.ts'
import type { OwnReply, Respond } from './respond.ts'
import type { OpenStream, StreamAnswer } from './stream-answer.ts'

/** What is known of a request once its head and target are. */
export interface Visit {
  readonly client: ClientPort
  readonly trace: ExchangeTrace
  readonly target: ParsedTarget
  /** Go with every answer: CORS. */
  readonly extraHeaders: readonly string[]
}

/** The ends of a visit that no upstream hears of; each is recorded. */
export interface VisitEnds {
  answer(visit: Omit<Visit, 'target'>, rendered: OwnReply, error?: GatewayError): void
  refuse(visit: Omit<Visit, 'target'>, error: GatewayError, dialect: Dialect): void
  left(trace: ExchangeTrace): void
  /** As `answer`, for what comes too often to be recorded. */
  reply(visit: Omit<Visit, 'target'>, rendered: OwnReply): void
  /** With events, as long as the client listens. */
  stream(visit: Omit<Visit, 'target'>, answer: StreamAnswer): void
  /** Was answered elsewhere, with 200, and is over. */
  streamed(trace: ExchangeTrace): void
}

export interface VisitEndsDeps {
  readonly respond: Respond
  readonly openStream: OpenStream
  record(record: ExchangeRecord): void
}

export function createVisitEnds({ respond, openStream, record }: VisitEndsDeps): VisitEnds {
  const reply: VisitEnds['reply'] = ({ client, trace, extraHeaders }, rendered) =>
    respond(client, { ...rendered, headers: [...rendered.headers, ...extraHeaders] }, trace)
  const answer: VisitEnds['answer'] = (visit, rendered, error) => {
    const { trace } = visit
    reply(visit, rendered)
    const ending: ExchangeEnding = error === undefined ? 'complete' : 'refused'
    record(trace.record(rendered.status, ending, error?.code ?? null))
  }
  const streamed: VisitEnds['streamed'] = (trace) => record(trace.record(200, 'complete', null))
  return {
    answer,
    refuse: (visit, error, dialect) => answer(visit, renderError(error, dialect), error),
    left: (trace) => record(trace.record(499, 'client-gone', null)),
    reply,
    stream: (visit, events) => openStream(visit, events, () => streamed(visit.trace)),
    streamed,
  }
}
