import { Buffer } from 'node:buffer'
import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import { createBatchWriter, type Batch, type BatchWriterTerms } from './batch-writer.ts'

export interface LineLog {
  /** Takes a line with its line end into memory; never waits and never throws. */
  write(line: string): void
  /** Resolves when what was written before has been tried to be put on disk. */
  flush(): Promise<void>
  /** Flushes a last time; lines that come later are dropped. */
  close(): Promise<void>
  counts(): LineLogCounts
}

export interface LineLogCounts {
  readonly written: number
  /** Lines that nobody will read, because memory was full or the log was closed. */
  readonly dropped: number
  readonly failures: number
}

export interface LineLogDeps {
  readonly directory: string
  readonly clock: Clock
  readonly log: Pick<Log, 'warn'>
}

export interface LineLogOptions {
  readonly flushMs?: number
  readonly flushBytes?: number
  /** What may wait in memory while the disk does not take it. */
  readonly maxBytes?: number
}

const defaults = { flushMs: 200, flushBytes: 256 * 1024, maxBytes: 8 * 1024 * 1024 }
const retryMs = 1000
/** So that the line that makes it enough finds room on the page. */
const LAST_LINE_BYTES = 16 * 1024

/** A file for each day (UTC) on which lines were written, appended to in batches. */
export function createLineLog(deps: LineLogDeps, terms: BatchWriterTerms, options: LineLogOptions = {}): LineLog {
  const { flushMs, flushBytes, maxBytes } = { ...defaults, ...options }
  const writer = createBatchWriter(deps, terms)
  let written = 0
  let dropped = 0
  const dayOf = createDayOf()
  const pages = createPages(flushBytes + LAST_LINE_BYTES)
  /** The first one goes to disk next. */
  let waiting: Batch[] = []
  let waitingLength = 0
  let draining: Promise<void> | null = null
  let timer: NodeJS.Timeout | null = null
  let isClosed = false

  function write(line: string): void {
    if (isClosed || waitingLength + line.length > maxBytes) {
      dropped++
      return
    }
    waitingLength += addLine(waiting, { day: dayOf(deps.clock.now()), line }, pages)
    if (waitingLength >= flushBytes && draining === null && !writer.isFailing()) void flush()
    else schedule()
  }

  function schedule(): void {
    if (timer !== null || draining !== null) return
    timer = setTimeout(() => void flush(), writer.isFailing() ? retryMs : flushMs).unref()
  }

  async function flush(): Promise<void> {
    while (draining !== null) await draining
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (waiting.length === 0) return
    draining = drain()
    await draining
  }

  /** Takes what is there now; lines that come meanwhile wait for the next time, to be written together. */
  async function drain(): Promise<void> {
    const batches = waiting
    waiting = []
    for (let batch = batches[0]; batch !== undefined && (await writer.append(batch)); batch = batches[0]) {
      written += batch.lines
      waitingLength -= batch.length
      pages.takeBack(batch.bytes)
      batches.shift()
    }
    waiting = [...batches, ...waiting]
    draining = null
    if (waiting.length > 0) schedule()
  }

  async function close(): Promise<void> {
    isClosed = true
    await flush()
    if (timer !== null) clearTimeout(timer)
    dropped += waiting.reduce((lines, batch) => lines + batch.lines, 0)
    waiting = []
  }

  return { write, flush, close, counts: () => ({ written, dropped, failures: writer.failures() }) }
}

/** Bytes of the longest UTF-8 that one unit of a string can become. */
const BYTES_PER_UNIT = 3

/**
 * New lines go to the last batch; the clock may go back, and with it the day. As bytes at once: strings that wait would
 * grow old in V8's heap, one for each exchange. Returns how many bytes it has.
 */
function addLine(batches: Batch[], { day, line }: { day: string; line: string }, pages: Pages): number {
  const room = line.length * BYTES_PER_UNIT
  let batch = batches.at(-1)
  if (batch?.day !== day || batch.bytes.length - batch.length < room) {
    batch = { day, bytes: pages.withRoom(room), length: 0, lines: 0, writtenBytes: 0 }
    batches.push(batch)
  }
  const bytes = batch.bytes.write(line, batch.length)
  batch.length += bytes
  batch.lines++
  return bytes
}

interface Pages {
  withRoom(bytes: number): Buffer
  /** Nobody reads it any more. */
  takeBack(page: Buffer): void
}

/** The page that was written is used for the next one. */
function createPages(usualBytes: number): Pages {
  let spare: Buffer | null = null
  return {
    withRoom(bytes) {
      const page = spare !== null && spare.length >= bytes ? spare : Buffer.allocUnsafeSlow(Math.max(usualBytes, bytes))
      if (page === spare) spare = null
      return page
    },
    takeBack(page) {
      if (page.length === usualBytes) spare = page
    },
  }
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
