import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { FITTED } from './fitted-trace.ts'
import { synthesise } from './synthetic-trace.ts'
import type { TraceEntry } from './trace-entry.ts'

export interface Trace {
  /** For whoever reads the results. */
  readonly source: string
  readonly entries: readonly TraceEntry[]
}

const NAME = 'azure-llm-2023-conv.csv.gz'
const FOLDER = process.env['CORRAL_FIXTURES'] ?? join(import.meta.dirname, '../../../shared/fixtures')

/** The trace at this path, else the one among the fixtures, else one made from what was measured of it. */
export function loadTrace(path: string | undefined): Trace {
  const found = path ?? [join(FOLDER, NAME), join(FOLDER, '..', NAME)].find((candidate) => existsSync(candidate))
  if (found === undefined) return { source: `made to resemble ${FITTED.source}`, entries: synthesise(FITTED, 1) }
  const bytes = readFileSync(found)
  const text = (found.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  return { source: basename(found) === NAME ? FITTED.source : basename(found), entries: parseTrace(text) }
}

/** Columns: when, tokens of the prompt, tokens of the answer. The first line names them. */
export function parseTrace(text: string): TraceEntry[] {
  const lines = text.split('\n').slice(1)
  const rows = lines.flatMap((line, index) => (line.trim() === '' ? [] : [parseLine(line, index + 2)]))
  const startMs = rows[0]?.atMs ?? 0
  return rows.map((row) => ({ ...row, atMs: row.atMs - startMs }))
}

function parseLine(line: string, number: number): TraceEntry {
  const [when, prompt, answer] = line.split(',')
  // Ten millionths of a second; Date would cut them off at thousandths.
  const stamp = /^(\S+ \S+?)(\.\d+)?$/.exec(when?.trim() ?? '')
  const entry = {
    atMs: Date.parse(`${stamp?.[1]?.replace(' ', 'T')}Z`) + Number(stamp?.[2] ?? 0) * 1000,
    promptTokens: Number(prompt),
    answerTokens: Number(answer),
  }
  if (Object.values(entry).every((value) => Number.isFinite(value) && value >= 0)) return entry
  throw new Error(`Line ${number} of the trace is not "time,prompt tokens,answer tokens": ${line.slice(0, 80)}`)
}
