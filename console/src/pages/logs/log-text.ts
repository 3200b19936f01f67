import type { LogLine } from '../../admin-types.ts'

export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

export type Level = (typeof levels)[number]

export interface LogFilter {
  /** The least that is shown. */
  readonly level: Level
  readonly search: string
}

/** Enough to read back a while, few enough to keep in a tab all day. */
export const MAX_LINES = 5000

/** The newest first, each line once, wherever the two overlap. */
export function mergeLines(newer: readonly LogLine[], older: readonly LogLine[]): readonly LogLine[] {
  const newestKnown = older[0]?.number ?? -1
  const fresh = newer.filter(({ number }) => number > newestKnown)
  return fresh.length === 0 ? older : [...fresh, ...older].slice(0, MAX_LINES)
}

export function matchesLog(line: LogLine, { level, search }: LogFilter): boolean {
  if (levels.indexOf(line.level) < levels.indexOf(level)) return false
  const words = search.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return true
  const text = `${line.message}\n${fieldsText(line.fields)}`.toLowerCase()
  return words.every((word) => text.includes(word))
}

/** name=value, with quotes where a value has spaces; control characters show as what they are. */
export function fieldsText(fields: LogLine['fields']): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}=${fieldText(value)}`)
    .join(' ')
}

/** Whatever a log line carries, as one line that changes nothing around it. */
export function inert(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }
    return named[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

function fieldText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[^\s"]+$/.test(text) ? inert(text) : inert(JSON.stringify(text))
}
