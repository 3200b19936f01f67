import type { Measure } from '../parts/row.ts'
import { caseTable, detailTable, sections } from './case-tables.ts'
import type { MeasuredCase } from './measured-case.ts'

export interface Page {
  readonly measures: readonly Measure[]
  readonly cases: readonly MeasuredCase[]
  readonly facts: readonly string[]
}

/** The page that a run writes. */
export function resultsPage({ measures, cases, facts }: Page): string {
  const lines = [
    '# Where requests go, simulated',
    '',
    'Written by `npm run bench:routing`: a discrete-event simulation of Ollama servers on a virtual clock, with the',
    'dispatcher of the product (`src/routing/dispatch`) deciding for Corral. The servers behave as Ollama 0.24: what is',
    'loaded is served at once, each loaded model has its own slots and its own hidden first-come queue, one load at a',
    'time, idle models go when they are in the way (least recently used first) or after five minutes, at most three are',
    'loaded, and a slot knows the text of its last conversation. Models at work share a server evenly; two streams of one',
    'model decode at 0.6 of their pace alone. Utilisation is of what the fleet could serve at best without any load. All',
    'figures are of whole runs, cold start included: the median of the seeds, and in brackets the least and the most.',
    'Times are seconds from arrival to first token unless said otherwise. *Unstable* says that more and more waited until',
    'the arrivals ended: such times only say how long the run was. No server refuses anything, though an Ollama would',
    'where more than 512 wait for a load. Corral learns rates and slots as it does by default; *slots stated* is with the',
    'number of slots in its config, *told* with the true rates, slots and sizes in place of learnt ones.',
    '*Shortest first* is no product: it knows the length of every answer before it is made.',
    '',
    '| measure | reach | measured | |',
    '|---|---|---|---|',
    ...measures.map(measureLine),
    '',
    ...facts.map((fact) => `- ${fact}`),
    '',
    ...sections(cases).flatMap(({ fleet, title, members, isFirstOfFleet }) => [
      ...(isFirstOfFleet ? [`## ${fleet}`, ''] : []),
      `### ${title}`,
      '',
      ...caseTable(members),
      '',
      ...detailTable(members),
      '',
    ]),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

function measureLine({ what, reach, measured, reached }: Measure): string {
  return `| ${what} | ${reach} | ${measured} | ${verdict(reached)} |`
}

function verdict(reached: boolean | null): string {
  if (reached === null) return ''
  return reached ? 'reached' : 'short'
}

/** For a terminal: what was to be reached, and the first table of each case, in columns. */
export function terminalPage({ measures, cases, facts }: Page): string {
  const rows = measures.map(({ what, reach, measured, reached }) => [verdict(reached), what, measured, reach])
  const lines = [
    ...inColumns(rows),
    '',
    ...facts,
    '',
    ...sections(cases).flatMap(({ fleet, title, members }) => [
      `${fleet}: ${title}`,
      ...inColumns(caseTable(members).filter(isNoRule).map(cellsOf)),
      '',
    ]),
  ]
  return lines.join('\n').trimEnd()
}

function isNoRule(line: string): boolean {
  return !line.startsWith('|---')
}

function cellsOf(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

function inColumns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}
