import type { Histogram } from './histogram.ts'
import { metricCatalogue, type MetricFacts, type MetricName, type MetricOf } from './metric-catalogue.ts'

/** One scrape, as it is being put together. */
export interface Exposition {
  /** Adds to what a series has: two that got the same labels, such as `other`, become one. */
  add(name: MetricOf<'counter' | 'gauge'>, value: number, ...labels: readonly string[]): void
  distribution(name: MetricOf<'histogram'>, histogram: Histogram, ...labels: readonly string[]): void
  /** In Prometheus' text format, version 0.0.4. Metrics without a series are left out. */
  text(): string
}

export function createExposition(): Exposition {
  const families = new Map<MetricName, Map<string, number>>()

  function seriesOf(name: MetricName): Map<string, number> {
    const known = families.get(name) ?? new Map<string, number>()
    families.set(name, known)
    return known
  }
  const add = (name: MetricName, series: string, value: number): void => {
    const known = seriesOf(name)
    known.set(series, (known.get(series) ?? 0) + value)
  }

  return {
    add: (name, value, ...labels) => add(name, name + braces(pairsOf(name, labels)), value),
    distribution(name, { bounds, counts, sum }, ...labels) {
      const pairs = pairsOf(name, labels)
      let below = 0
      for (const [place, count] of counts.entries()) {
        below += count
        const bound = bounds[place]
        add(name, `${name}_bucket${braces([...pairs, `le="${bound ?? '+Inf'}"`])}`, below)
      }
      add(name, `${name}_sum${braces(pairs)}`, sum)
      add(name, `${name}_count${braces(pairs)}`, below)
    },
    text() {
      const names = Object.keys(metricCatalogue) as MetricName[]
      return names.map((name) => familyText(name, families.get(name))).join('')
    },
  }
}

function familyText(name: MetricName, series: ReadonlyMap<string, number> | undefined): string {
  if (series === undefined) return ''
  const { help, type }: MetricFacts = metricCatalogue[name]
  const lines = [...series].map(([text, value]) => `${text} ${value}\n`)
  return `# HELP ${name} ${help.replace(/[\\\n]/g, escapeOne)}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function pairsOf(name: MetricName, values: readonly string[]): string[] {
  const { labels }: MetricFacts = metricCatalogue[name]
  return labels.map((label, place) => `${label}="${(values[place] ?? '').replace(/[\\"\n]/g, escapeOne)}"`)
}

function braces(pairs: readonly string[]): string {
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escapeOne(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`
}
