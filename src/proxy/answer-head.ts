import type { RawHeaders } from '../lib/raw-headers.ts'
import { toClientHeaders } from './end-to-end-headers.ts'
import type { ExchangeRequest } from './exchange-request.ts'
import type { ExchangeTrace } from './exchange-trace.ts'

type Answered = Pick<ExchangeTrace, 'upstream' | 'model' | 'cache'>

/** Adds who answered, with which model, after how many attempts, and what the cache had to do with it: header fields. */
function addProvenance(fields: string[], { upstream, model, cache }: Answered, attempts: number): void {
  fields.push('corral-upstream', upstream ?? '')
  if (model !== null) fields.push('corral-model', model)
  fields.push('corral-attempts', String(attempts))
  if (cache !== null) fields.push('corral-cache', cache)
}

type AnsweredRequest = Pick<ExchangeRequest, 'trace' | 'principal' | 'extraHeaders' | 'reservation'>

/** The header fields of an answer that an upstream made. */
export function answerHead(
  upstream: RawHeaders,
  { trace, principal, extraHeaders, reservation }: AnsweredRequest,
  attempts: number,
): string[] {
  const fields = reservation === null ? toClientHeaders(upstream) : withoutNames(upstream, reservation.headers)
  addProvenance(fields, trace, attempts)
  // Nothing in the answer says it, and the console shows it beside what does.
  if (principal.session !== undefined && trace.queueMs !== null)
    fields.push('corral-queue-ms', trace.queueMs.toFixed(1))
  fields.push('x-request-id', trace.id)
  for (const each of extraHeaders) fields.push(each)
  return fields
}

/** A provider's word on the limits of the gateway is not the one that its client has to keep. */
function withoutNames(upstream: RawHeaders, own: readonly string[]): string[] {
  const names = new Set(own.filter((_, index) => index % 2 === 0))
  const fields = toClientHeaders(upstream)
  return fields.filter((_, index) => !names.has(fields[index & ~1]?.toLowerCase() ?? ''))
}

/**
 * The header fields of a stream whose request still waits in the queue: those that Ollama sends. Who will answer, and
 * with which model, nobody knows yet; a comment says so once it is known.
 */
export function earlyHead({ trace, extraHeaders }: Pick<ExchangeRequest, 'trace' | 'extraHeaders'>): string[] {
  return ['content-type', 'text/event-stream', 'cache-control', 'no-cache', 'x-request-id', trace.id, ...extraHeaders]
}

/** Who answers, for a stream whose head has left without it: a comment. */
export function provenanceComment(answered: Answered, attempts: number): string {
  const fields: string[] = []
  addProvenance(fields, answered, attempts)
  let text = ''
  for (let i = 0; i < fields.length; i += 2) text += `: ${fields[i]}: ${fields[i + 1]}\n`
  return `${text}\n`
}
