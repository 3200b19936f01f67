import type { Measure, RowResult } from './row.ts'

export interface MeasuredRow {
  readonly title: string
  readonly result: RowResult
  /** Of the machine, what others used meanwhile, 0 to 1. */
  readonly foreignShare: number
}

/** The page that a run writes. */
export function resultsPage(rows: readonly MeasuredRow[], facts: readonly string[]): string {
  const lines = [
    '# What Corral costs',
    '',
    'Written by `npm run bench`. Ratios are of one run on one machine: of each pair of neighbouring rounds, and of these',
    'the median. CPU time is that of the measured process alone, all its threads, user and system. The upstream is a',
    'stub that answers with bytes made beforehand. nginx: one worker, kept upstream connections, no buffering, the key',
    'checked by a `map`, its access log written for each request. Through an agent: a gateway that reaches the stub by one',
    '`corral agent` only; the direct path: a gateway with the stub as its upstream. Driver, gateway, agent and stub share',
    'the cores. No other tunnel has been measured beside it: none that could be set up here does the same work, and',
    'figures from elsewhere would be no comparison. Where requests go is measured elsewhere:',
    '[simulated](routing/RESULTS.md), and [for real, in fast time](fleet/RESULTS.md).',
    '',
    '| measure | reach | measured | |',
    '|---|---|---|---|',
    ...rows.flatMap((row) => row.result.measures.map(tableLine)),
    '',
    ...facts.map((fact) => `- ${fact}`),
    '',
    ...rows.flatMap((row) => [
      `## ${row.title}`,
      ...row.result.details,
      `- others used ${percent(row.foreignShare)} of the machine meanwhile`,
      '',
    ]),
  ]
  return `${lines.join('\n').trimEnd()}\n`
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

function tableLine({ what, reach, measured, reached }: Measure): string {
  return `| ${what} | ${reach} | ${measured} | ${verdict(reached)} |`
}

function verdict(reached: boolean | null): string {
  if (reached === null) return ''
  return reached ? 'reached' : 'short'
}
