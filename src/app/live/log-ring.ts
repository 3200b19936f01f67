import { type LogLineView, logLevels, type LogQuery, MAX_LOG_LINES } from '../../admin/log-schemas.ts'

/** A line may carry the stack of an error, or what an upstream said. */
const MAX_LINE_LENGTH = 8192

/** What the gateway's log said last. */
export interface LogRing {
  /** A line of JSON as the log writes it, with everything secret taken out. Never throws. */
  add(line: string): void
  /** The newest first. */
  list(query: LogQuery): LogLineView[]
  /** From that number on, the oldest first, as JSON. */
  since(number: number): { readonly missed: number; readonly texts: readonly string[]; readonly next: number }
  /** The number of the next line. */
  readonly next: number
}

/** Lines are kept as they were written: nobody may ever ask for them. */
export function createLogRing(size = MAX_LOG_LINES): LogRing {
  const lines: string[] = []
  let next = 1
  const at = (number: number): string => lines[number % size] ?? ''
  const oldest = (): number => Math.max(1, next - size)
  const view = (number: number): LogLineView => parseLine(at(number), number)

  return {
    add(line) {
      lines[next % size] = line.length > MAX_LINE_LENGTH ? cut(line) : line
      next += 1
    },
    list({ level, search, last }) {
      const least = logLevels.indexOf(level)
      const wanted = search?.toLowerCase()
      const found: LogLineView[] = []
      for (let number = next - 1; number >= oldest() && found.length < last; number--) {
        if (wanted !== undefined && !at(number).toLowerCase().includes(wanted)) continue
        const line = view(number)
        if (logLevels.indexOf(line.level) >= least) found.push(line)
      }
      return found
    },
    since(number) {
      const first = Math.max(number, oldest())
      const texts: string[] = []
      for (let each = first; each < next; each++) texts.push(JSON.stringify(view(each)))
      return { missed: first - number, texts, next }
    },
    get next() {
      return next
    },
  }
}

/** Of a line that is too long, what can be told of it. */
function cut(line: string): string {
  const { at, level, message } = parseLine(line, 0)
  const rest = line.slice(0, MAX_LINE_LENGTH / 2)
  return JSON.stringify({ level, time: at, msg: message.slice(0, MAX_LINE_LENGTH / 4), cut: `${rest}...` })
}

function parseLine(line: string, number: number): LogLineView {
  const { level, time, msg, ...fields } = parseObject(line)
  return {
    number,
    at: typeof time === 'string' ? time : new Date(0).toISOString(),
    level: logLevels.find((known) => known === level) ?? 'error',
    message: typeof msg === 'string' ? msg : '',
    fields,
  }
}

/** Redaction may have taken a quote along. */
function parseObject(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {
    // It is shown as it is.
  }
  return { msg: line.trim() }
}
