import type { RawHeaders } from '../lib/raw-headers.ts'
import { toClientHeaders } from './end-to-end-headers.ts'
import type { ExchangeRequest } from './exchange-request.ts'
import type { ExchangeTrace } from './exchange-trace.ts'

/** Who answered, with which model, and after how many attempts: header fields. */
export function provenance({ upstream, model }: Pick<ExchangeTrace, 'upstream' | 'model'>, attempts: number): string[] {
  const fields = ['corral-upstream', upstream ?? '']
  if (model !== null) fields.push('corral-model', model)
  fields.push('corral-attempts', String(attempts))
  return fields
}

/** The header fields of an answer that an upstream made. */
export function answerHead(
  upstream: RawHeaders,
  from: readonly string[],
  { trace, extraHeaders }: Pick<ExchangeRequest, 'trace' | 'extraHeaders'>,
): string[] {
  const fields = toClientHeaders(upstream)
  fields.push(...from, 'x-request-id', trace.id, ...extraHeaders)
  return fields
}

/**
 * The header fields of a stream whose request still waits in the queue: those that Ollama sends. Who will answer, and
 * with which model, nobody knows yet; a comment says so once it is known.
 */
export function earlyHead({ trace, extraHeaders }: Pick<ExchangeRequest, 'trace' | 'extraHeaders'>): string[] {
  return ['content-type', 'text/event-stream', 'cache-control', 'no-cache', 'x-request-id', trace.id, ...extraHeaders]
}

/** The same as `provenance`, for a stream whose head has left without it. */
export function provenanceComment(fields: readonly string[]): string {
  let text = ''
  for (let i = 0; i < fields.length; i += 2) text += `: ${fields[i]}: ${fields[i + 1]}\n`
  return `${text}\n`
}
