import { Buffer } from 'node:buffer'
import { join } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { ExchangeRecord } from '../proxy/exchange-record.ts'
import { appendToFile } from './append-file.ts'
import { requestLine } from './request-line.ts'

export interface RequestLog {
  /** Takes the line into memory; never waits and never throws. */
  write(record: ExchangeRecord): void
  /** Resolves when what was written before has been tried to be put on disk. */
  flush(): Promise<void>
  /** Flushes a last time; lines that come later are dropped. */
  close(): Promise<void>
  counts(): RequestLogCounts
}

export interface RequestLogCounts {
  readonly written: number
  /** Lines that nobody will read, because memory was full or the log was closed. */
  readonly dropped: number
  readonly failures: number
}

export interface RequestLogDeps {
  readonly directory: string
  readonly clock: Clock
  readonly log: Pick<Log, 'warn'>
}

export interface RequestLogOptions {
  readonly flushMs?: number
  readonly flushBytes?: number
  /** What may wait in memory while the disk does not take it. */
  readonly maxBytes?: number
}

/** Lines of one day, which is one file. */
interface Batch {
  readonly day: string
  text: string
  lines: number
  /** Bytes of it that are on disk, after a failure on the way. */
  writtenBytes: number
}

const defaults = { flushMs: 200, flushBytes: 64 * 1024, maxBytes: 8 * 1024 * 1024 }
const retryMs = 1000

/** `requests-YYYY-MM-DD.jsonl` by the day (UTC) an exchange ended, one line each, appended in batches. */
export function createRequestLog(deps: RequestLogDeps, options: RequestLogOptions = {}): RequestLog {
  const { flushMs, flushBytes, maxBytes } = { ...defaults, ...options }
  const counts = { written: 0, dropped: 0, failures: 0 }
  const dayOf = createDayOf()
  /** New lines go to the last one, the first one goes to disk next. */
  let waiting: Batch[] = []
  let waitingLength = 0
  let draining: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null
  let isFailing = false
  let isClosed = false

  function write(record: ExchangeRecord): void {
    const line = requestLine(record)
    if (isClosed || waitingLength + line.length > maxBytes) {
      counts.dropped++
      return
    }
    const day = dayOf(deps.clock.now())
    const last = waiting.at(-1)
    if (last?.day === day) {
      last.text += line
      last.lines++
    } else {
      waiting.push({ day, text: line, lines: 1, writtenBytes: 0 })
    }
    waitingLength += line.length
    if (waitingLength >= flushBytes && draining === null && !isFailing) void flush()
    else schedule()
  }

  function schedule(): void {
    if (timer === null && draining === null)
      timer = setTimeout(() => void flush(), isFailing ? retryMs : flushMs).unref()
  }

  async function flush(): Promise<void> {
    while (draining !== null) await draining
    if (timer !== null) clearTimeout(timer)
    timer = null
    draining = drain()
    await draining
  }

  /** Takes what is there now; lines that come meanwhile wait for the next time, to be written together. */
  async function drain(): Promise<void> {
    const batches = waiting
    waiting = []
    while (batches.length > 0 && (await append(batches[0]))) batches.shift()
    waiting = [...batches, ...waiting]
    draining = null
    if (waiting.length > 0) schedule()
  }

  /** Whether all of it is on disk; what is not stays in the batch. */
  async function append(batch: Batch | undefined): Promise<boolean> {
    if (batch === undefined) return true
    const path = join(deps.directory, `requests-${batch.day}.jsonl`)
    const { written, error } = await appendToFile(path, Buffer.from(batch.text).subarray(batch.writtenBytes))
    if (error === null) {
      counts.written += batch.lines
      waitingLength -= batch.text.length
      isFailing = false
      return true
    }
    batch.writtenBytes += written
    tell(error)
    return false
  }

  function tell(error: unknown): void {
    counts.failures++
    if (!isFailing) {
      deps.log.warn(
        { err: error, directory: deps.directory },
        'The request log cannot be written; lines wait in memory',
      )
    }
    isFailing = true
  }

  async function close(): Promise<void> {
    isClosed = true
    await flush()
    if (timer !== null) clearTimeout(timer)
    counts.dropped += waiting.reduce((lines, batch) => lines + batch.lines, 0)
    waiting = []
  }

  return { write, flush, close, counts: () => ({ ...counts }) }
}

const DAY_MS = 86_400_000

function createDayOf(): (now: number) => string {
  let startsAt = Number.NaN
  let day = ''
  return (now) => {
    if (now >= startsAt && now < startsAt + DAY_MS) return day
    startsAt = Math.floor(now / DAY_MS) * DAY_MS
    day = new Date(startsAt).toISOString().slice(0, 10)
    return day
  }
}
