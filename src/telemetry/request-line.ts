import { redact } from '../lib/redact.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'

/** Longer texts are cut: a path may be 16 KB, and each line is kept in memory for a while. */
const MAX_TEXT_LENGTH = 512

/** What the rest says can be read from the path, or is for the books. */
type Logged = Omit<
  ExchangeRecord,
  | 'userId'
  | 'keyName'
  | 'route'
  | 'kind'
  | 'dialect'
  | 'modelAsked'
  | 'loadMs'
  | 'cachedTokens'
  | 'cache'
  | 'chunks'
  | 'steps'
>

/** One line of JSON. Made for every request; put together by hand it takes as long (1.4 µs), so it is not. */
export function requestLine(record: ExchangeRecord): string {
  const line: Record<keyof Logged, string | number | null> = {
    id: shorten(record.id),
    time: isoTime(record.time),
    user: record.user === null ? null : shorten(record.user),
    keyId: record.keyId === null ? null : shorten(record.keyId),
    method: shorten(record.method),
    path: shorten(withoutKey(record.path)),
    model: record.model === null ? null : shorten(record.model),
    upstream: record.upstream === null ? null : shorten(record.upstream),
    attempts: record.attempts,
    status: record.status,
    bytesIn: record.bytesIn,
    bytesOut: record.bytesOut,
    queueMs: tenths(record.queueMs),
    ttftMs: record.ttftMs === null ? null : tenths(record.ttftMs),
    totalMs: tenths(record.totalMs),
    promptTokens: record.promptTokens,
    completionTokens: record.completionTokens,
    ending: record.ending,
    error: record.error,
    trace: record.trace?.traceId ?? null,
  }
  return `${JSON.stringify(line)}\n`
}

function shorten(text: string): string {
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH)}...` : text
}

function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}

/** The producer has redacted it; this holds even if it forgot. */
function withoutKey(path: string): string {
  return path.includes('/k/') || path.includes('crl_') ? redact(path) : path
}

/** A memo: one second begins many lines. */
let second = { startsAt: Number.NaN, text: '' }

function isoTime(time: number): string {
  const at = Math.abs(time) <= 8.64e15 ? Math.trunc(time) : 0
  const milliseconds = at - second.startsAt
  if (milliseconds >= 0 && milliseconds < 1000) return `${second.text}.${String(milliseconds).padStart(3, '0')}Z`
  const text = new Date(at).toISOString()
  second = { startsAt: Math.floor(at / 1000) * 1000, text: text.slice(0, -5) }
  return text
}
