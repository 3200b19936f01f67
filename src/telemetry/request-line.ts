import { redact } from '../lib/redact.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'

/** Longer texts are cut: a path may be 16 KB, and each line is kept in memory for a while. */
const MAX_TEXT_LENGTH = 512

/** One line of JSON. Made for every request; put together by hand it takes as long (1.4 µs), so it is not. */
export function requestLine(record: ExchangeRecord): string {
  const line: Record<keyof ExchangeRecord, string | number | null> = {
    id: shorten(record.id),
    time: isoTime(record.time),
    user: record.user === null ? null : shorten(record.user),
    keyId: record.keyId === null ? null : shorten(record.keyId),
    method: shorten(record.method),
    path: shorten(withoutKey(record.path)),
    model: record.model === null ? null : shorten(record.model),
    upstream: record.upstream === null ? null : shorten(record.upstream),
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

function isoTime(time: number): string {
  return new Date(Math.abs(time) <= 8.64e15 ? time : 0).toISOString()
}
