import type { Histogram } from './histogram.ts'
import { metricCatalogue, type MetricFacts, type MetricName, type MetricOf } from './metric-catalogue.ts'

/** One scrape, as it is being put together. */
export interface Exposition {
  /** Adds to what a series has: two that got the same labels, such as `other`, become one. */
  add(name: MetricOf<'counter' | 'gauge'>, value: number, ...labels: readonly string[]): void
  /** Once for the same labels. */
  distribution(name: MetricOf<'histogram'>, histogram: Histogram, ...labels: readonly string[]): void
  /** In Prometheus' text format, version 0.0.4. Metrics without a series are left out. */
  text(): string
}

/** Of one metric. */
interface Family {
  /** By name and labels. */
  readonly series: Map<string, number>
  /** Histograms, as they stand in the scrape. */
  text: string
}

export function createExposition(): Exposition {
  const families = new Map<MetricName, Family>()

  function familyOf(name: MetricName): Family {
    const known = families.get(name)
    if (known !== undefined) return known
    const family: Family = { series: new Map(), text: '' }
    families.set(name, family)
    return family
  }

  return {
    add(name, value, ...labels) {
      const { series } = familyOf(name)
      const key = name + braces(pairsOf(name, labels))
      series.set(key, (series.get(key) ?? 0) + value)
    },
    distribution(name, histogram, ...labels) {
      familyOf(name).text += histogramText(name, histogram, pairsOf(name, labels))
    },
    text() {
      const names = Object.keys(metricCatalogue) as MetricName[]
      return names.map((name) => familyText(name, families.get(name))).join('')
    },
  }
}

function histogramText(name: MetricName, { bounds, counts, sum }: Histogram, pairs: readonly string[]): string {
  const bucket = `${name}_bucket{${[...pairs, 'le="'].join(',')}`
  let text = ''
  let below = 0
  for (const [place, count] of counts.entries()) {
    below += count
    text += `${bucket}${bounds[place] ?? '+Inf'}"} ${below}\n`
  }
  const labels = braces(pairs)
  return `${text}${name}_sum${labels} ${sum}\n${name}_count${labels} ${below}\n`
}

function familyText(name: MetricName, family: Family | undefined): string {
  if (family === undefined) return ''
  const { help, type }: MetricFacts = metricCatalogue[name]
  const lines = [...family.series].map(([text, value]) => `${text} ${value}\n`)
  const head = `# HELP ${name} ${help.replace(/[\\\n]/g, escapeOne)}\n# TYPE ${name} ${type}\n`
  return `${head}${lines.join('')}${family.text}`
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
