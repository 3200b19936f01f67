import type { MetricFacts } from '../src/telemetry/metric-catalogue.ts'

/** The table of all metrics, in the order of the scrape. */
export function metricsDocs(catalogue: Readonly<Record<string, MetricFacts>>): string {
  const rows = Object.entries(catalogue).map(([name, { type, labels, help }]) => {
    const named = labels.map((label) => `\`${label}\``).join(', ')
    return `| \`${name}\` | ${type} | ${named} | ${help.replaceAll('|', '\\|')} |`
  })
  return ['| metric | type | labels | what it says |', '|---|---|---|---|', ...rows].join('\n')
}
