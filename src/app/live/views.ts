import type { ExchangeView } from '../../admin/exchange-schemas.ts'
import { redact } from '../../lib/redact.ts'
import type { ExchangeRecord } from '../../proxy/exchange-record.ts'
import type { WatchedExchange } from '../../proxy/exchange-request.ts'

/** Longer texts are cut: a path may be 16 KB. */
const MAX_TEXT_LENGTH = 256

/** `now` on the monotonic clock, milliseconds. */
export function runningView(exchange: WatchedExchange, position: number | null, now: number): ExchangeView {
  const { trace, stage, tokens, status } = exchange
  const firstMs = trace.firstByteMs
  return {
    ...nameOf(trace),
    dialect: trace.route?.dialect ?? null,
    state: stage,
    position,
    started_at: new Date(trace.arrivedAt).toISOString(),
    attempts: trace.attempts,
    cache: trace.cache,
    queue_ms: tenthsOrNull(trace.queueMs),
    first_token_ms: tenthsOrNull(firstMs),
    total_ms: null,
    chunks: trace.chunks,
    prompt_tokens: trace.usage?.promptTokens ?? null,
    tokens,
    tokens_per_second: rateOf(tokens, firstMs === null ? 0 : now - trace.startedAt - firstMs),
    status,
    ending: null,
    error: null,
  }
}

export function endedView(record: ExchangeRecord): ExchangeView {
  const { completionTokens, ttftMs, totalMs, attempts } = record
  return {
    ...nameOf(record),
    dialect: record.dialect,
    state: 'ended',
    position: null,
    started_at: new Date(record.time).toISOString(),
    attempts,
    cache: record.cache,
    queue_ms: attempts === 0 && record.cache === null ? null : tenths(record.queueMs),
    first_token_ms: tenthsOrNull(ttftMs),
    total_ms: tenths(totalMs),
    chunks: record.chunks,
    prompt_tokens: record.promptTokens,
    tokens: completionTokens,
    // What came whole was made before its first byte.
    tokens_per_second: record.chunks > 1 ? rateOf(completionTokens, ttftMs === null ? 0 : totalMs - ttftMs) : null,
    status: record.status,
    ending: record.ending,
    error: record.error,
  }
}

type Named = Pick<ExchangeRecord, 'id' | 'user' | 'keyName' | 'method' | 'path' | 'modelAsked' | 'model' | 'upstream'>

function nameOf({ id, user, keyName, method, path, modelAsked, model, upstream }: Named) {
  return {
    id: shorten(id),
    user: shortenOrNull(user),
    key_name: shortenOrNull(keyName),
    method: shorten(method),
    path: shorten(withoutKey(path)),
    model_asked: shortenOrNull(modelAsked),
    model: shortenOrNull(model),
    upstream: shortenOrNull(upstream),
  }
}

/** The first one begins the time. */
function rateOf(tokens: number | null, elapsedMs: number): number | null {
  return tokens === null || tokens < 2 || elapsedMs < 1 ? null : tenths(((tokens - 1) * 1000) / elapsedMs)
}

/** The producer has redacted it; this holds even if it forgot. */
function withoutKey(path: string): string {
  return path.includes('/k/') || path.includes('crl_') ? redact(path) : path
}

function shorten(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}...` : text
}

function shortenOrNull(text: string | null): string | null {
  return text === null ? null : shorten(text)
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}

function tenthsOrNull(value: number | null): number | null {
  return value === null ? null : tenths(value)
}
