import { createRequire } from 'node:module'
import { pino, type Logger } from 'pino'
import type { prettyFactory } from 'pino-pretty'
import { redact } from '../lib/redact.ts'
import type { LogSettings } from './settings.ts'

export interface LogDestination {
  readonly isTTY?: boolean
  write(text: string): unknown
}

export interface LogOptions {
  /** Absent: standard error. */
  readonly destination?: LogDestination | undefined
  /** Is given every line as JSON too, however it is written. */
  readonly keep?: (line: string) => void
}

/**
 * Everything goes to stderr: stdout belongs to the ready line. Lines are written at once, so that none is lost when
 * the process ends, and none leaves with a key in it.
 */
export function createLog(
  settings: Pick<LogSettings, 'level' | 'format'>,
  { destination, keep }: LogOptions = {},
): Logger {
  const target = destination ?? standardError()
  const isPretty = settings.format === 'pretty' || (settings.format === 'auto' && target.isTTY === true)
  const format = isPretty ? loadPrettifier(target.isTTY === true) : (line: string) => line
  const write = (text: string): void => {
    const line = redact(text)
    keep?.(line)
    target.write(format(line))
  }
  return pino(
    {
      level: settings.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  )
}

/** Written synchronously where a stream would keep lines back; a reader that has gone is no reason to stop. */
function standardError(): LogDestination {
  const stream = pino.destination({ fd: process.stderr.fd, sync: true })
  stream.on('error', () => {})
  return { isTTY: process.stderr.isTTY, write: (text) => stream.write(text) }
}

/** Loaded where it is needed only. As a function: its stream would lose lines at exit. */
function loadPrettifier(colorize: boolean): (line: string) => string {
  const library = createRequire(import.meta.url)('pino-pretty') as { prettyFactory: typeof prettyFactory }
  const prettify = library.prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l' })
  return (line) => prettify(line)
}
