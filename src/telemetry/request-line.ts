import { redact } from '../lib/redact.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'

/** Longer texts are cut: a path may be 16 KB, and each line is kept in memory for a while. */
const MAX_TEXT_LENGTH = 512

/** One line of JSON, put together by hand because it is made for every request. */
export function requestLine(record: ExchangeRecord): string {
  return (
    `{"id":${text(record.id)},"time":"${isoTime(record.time)}"` +
    `,"user":${text(record.user)},"keyId":${text(record.keyId)}` +
    `,"method":${text(record.method)},"path":${text(withoutKey(record.path))}` +
    `,"model":${text(record.model)},"upstream":${text(record.upstream)}` +
    `,"status":${count(record.status)},"bytesIn":${count(record.bytesIn)},"bytesOut":${count(record.bytesOut)}` +
    `,"queueMs":${time(record.queueMs)},"ttftMs":${time(record.ttftMs)},"totalMs":${time(record.totalMs)}` +
    `,"promptTokens":${count(record.promptTokens)},"completionTokens":${count(record.completionTokens)}` +
    `,"ending":"${record.ending}","error":${record.error === null ? 'null' : `"${record.error}"`}}\n`
  )
}

function text(value: string | null): string {
  if (value === null) return 'null'
  return JSON.stringify(value.length > MAX_TEXT_LENGTH ? `${value.slice(0, MAX_TEXT_LENGTH)}...` : value)
}

function count(value: number | null): string {
  return value === null || !Number.isFinite(value) ? 'null' : String(value)
}

/** To a tenth of a millisecond. */
function time(milliseconds: number | null): string {
  return count(milliseconds === null ? null : Math.round(milliseconds * 10) / 10)
}

/** The producer has redacted it; this holds even if it forgot. */
function withoutKey(path: string): string {
  return path.includes('/k/') || path.includes('crl_') ? redact(path) : path
}

function isoTime(time: number): string {
  return new Date(Math.abs(time) <= 8.64e15 ? time : 0).toISOString()
}
