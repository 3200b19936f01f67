import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import { createLineLog, type LineLogCounts, type LineLogDeps, type LineLogOptions } from './line-log.ts'
import { requestLine } from './request-line.ts'

export interface RequestLog {
  /** Takes the line into memory; never waits and never throws. */
  write(record: ExchangeRecord): void
  /** Resolves when what was written before has been tried to be put on disk. */
  flush(): Promise<void>
  /** Flushes a last time; lines that come later are dropped. */
  close(): Promise<void>
  counts(): LineLogCounts
}

/** `requests-YYYY-MM-DD.jsonl` by the day (UTC) an exchange ended, one line each. */
export function createRequestLog(deps: LineLogDeps, options: LineLogOptions = {}): RequestLog {
  const lines = createLineLog(deps, { name: 'requests', title: 'request log' }, options)
  return { ...lines, write: (record) => lines.write(requestLine(record)) }
}
