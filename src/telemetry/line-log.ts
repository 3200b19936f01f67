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

const defaults = { flushMs: 200, flushBytes: 64 * 1024, maxBytes: 8 * 1024 * 1024 }
const retryMs = 1000

/** A file for each day (UTC) on which lines were written, appended to in batches. */
export function createLineLog(deps: LineLogDeps, terms: BatchWriterTerms, options: LineLogOptions = {}): LineLog {
  const { flushMs, flushBytes, maxBytes } = { ...defaults, ...options }
  const writer = createBatchWriter(deps, terms)
  let written = 0
  let dropped = 0
  const dayOf = createDayOf()
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
    addLine(waiting, { day: dayOf(deps.clock.now()), line })
    waitingLength += line.length
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
      waitingLength -= batch.text.length
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

/** New lines go to the last batch; the clock may go back, and with it the day. */
function addLine(batches: Batch[], { day, line }: { day: string; line: string }): void {
  const last = batches.at(-1)
  if (last?.day !== day) {
    batches.push({ day, text: line, lines: 1, writtenBytes: 0 })
    return
  }
  last.text += line
  last.lines++
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
