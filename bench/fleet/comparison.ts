import { percentile } from '../parts/statistics.ts'
import type { RunOrder } from '../routing/one-run.ts'
import type { Report } from '../routing/report.ts'
import type { LoadOutcome } from './send-load.ts'

/** One run of the real thing beside the simulated one. */
export interface Comparison {
  readonly order: Omit<RunOrder, 'policy'>
  readonly simulated: Report
  readonly requests: number
  readonly refused: number
  readonly failed: number
  /** Seconds of the fleet's time, from when a request was due. */
  readonly p50: number
  readonly p95: number
  readonly max: number
  readonly loadsPer100: number
  /** How late the driver sent, in milliseconds of the fleet's time: 95 % were earlier. */
  readonly lateMs: number
  /** Codes of what was not served, and how often. */
  readonly errors: Readonly<Record<string, number>>
  readonly shares: Readonly<Record<string, number>>
}

export interface Runs {
  readonly simulated: Report
  readonly outcomes: readonly LoadOutcome[]
  readonly loads: number
}

export function compare(order: Comparison['order'], { simulated, outcomes, loads }: Runs): Comparison {
  const served = outcomes.filter(({ status }) => status === 200)
  const seconds = served.map(({ firstTokenMs }) => firstTokenMs / 1000)
  const byUpstream = Map.groupBy(served, ({ upstream }) => upstream ?? 'unknown')
  const counts = [...byUpstream].toSorted(([a], [b]) => (a < b ? -1 : 1))
  const unserved = outcomes.filter(({ status }) => status !== 200)
  const errors = Map.groupBy(unserved, ({ status, error }) => error ?? `status ${status}`)
  return {
    order,
    simulated,
    requests: outcomes.length,
    refused: outcomes.filter(({ status }) => status === 503).length,
    failed: outcomes.filter(({ status }) => status !== 200 && status !== 503).length,
    p50: percentile(seconds, 50),
    p95: percentile(seconds, 95),
    max: percentile(seconds, 100),
    loadsPer100: (100 * loads) / outcomes.length,
    lateMs: percentile(
      outcomes.map((outcome) => outcome.lateMs),
      95,
    ),
    errors: Object.fromEntries([...errors].map(([code, each]) => [code, each.length])),
    shares: Object.fromEntries(counts.map(([name, each]) => [name, each.length / served.length])),
  }
}

export function comparisonPage(comparisons: readonly Comparison[], facts: readonly string[]): string {
  const lines = [
    '# Where requests go, measured',
    '',
    'Written by `npm run bench:fleet`: five pretend Ollamas with the characters of the simulated fleet, each a process of',
    'its own, behind a gateway, and an open-loop load from the trace. Beside it the simulator with the same requests.',
    'Seconds from when a request was due to its first token.',
    '',
    '| load | slots | requests | p50 measured | simulated | p95 measured | simulated | off by | loads per 100 | simulated | refused | failed |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|',
    ...comparisons.map(row),
    '',
    ...facts.map((fact) => `- ${fact}`),
    ...comparisons.map(
      ({ order, shares, errors, lateMs, max }) =>
        `- ${percent(order.utilisation)}: served by ${shareText(shares)}; the slowest first token after ${max.toFixed(1)} s; ` +
        `95 % of the requests were sent less than ${lateMs.toFixed(0)} ms late${errorText(errors)}`,
    ),
  ]
  return `${lines.join('\n')}\n`
}

function row(comparison: Comparison): string {
  const { order, simulated, p50, p95 } = comparison
  const off = p95 / simulated.firstToken.p95 - 1
  const cells = [
    percent(order.utilisation),
    order.parallel,
    comparison.requests,
    p50.toFixed(2),
    simulated.firstToken.p50.toFixed(2),
    p95.toFixed(1),
    simulated.firstToken.p95.toFixed(1),
    `${off >= 0 ? '+' : ''}${(off * 100).toFixed(0)} %`,
    comparison.loadsPer100.toFixed(1),
    simulated.loadsPer100.toFixed(1),
    comparison.refused,
    comparison.failed,
  ]
  return `| ${cells.join(' | ')} |`
}

function shareText(shares: Readonly<Record<string, number>>): string {
  return Object.entries(shares)
    .map(([name, share]) => `${name} ${percent(share)}`)
    .join(', ')
}

function errorText(errors: Readonly<Record<string, number>>): string {
  return Object.entries(errors)
    .map(([code, count]) => `; ${count} x ${code}`)
    .join('')
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
