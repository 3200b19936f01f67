import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { metricCatalogue, type MetricFacts } from '../../../src/telemetry/metric-catalogue.ts'
import { startAgentScene } from '../harness/agent-before.ts'
import { ROOT } from '../harness/start-gateway.ts'
import { scrape, type Scrape } from './scrape.ts'

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

interface Variable {
  readonly name: string
  readonly definition?: string
}

const dashboard = JSON.parse(readFileSync(join(ROOT, 'deploy/grafana/corral.json'), 'utf8')) as {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly Variable[] }
}
const catalogue: Readonly<Record<string, MetricFacts>> = metricCatalogue
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => [title, expr, legendFormat] as const),
)

/** A metric as a query names it, and the one of the catalogue that it is a part of. */
function metricsIn(expression: string): { readonly name: string; readonly facts: MetricFacts | undefined }[] {
  return (expression.match(/\bcorral_\w+/g) ?? []).map((name) => {
    const whole = name.replace(/_(?:bucket|sum|count)$/, '')
    const isPart = catalogue[name] === undefined && catalogue[whole]?.type === 'histogram'
    return { name, facts: isPart ? catalogue[whole] : catalogue[name] }
  })
}

/** Labels that an expression selects or groups by. */
function labelsIn(expression: string): string[] {
  const selected = [...expression.matchAll(/[{,]\s*(\w+)\s*=~?/g)].map(([, label = '']) => label)
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/))
  return [...selected, ...grouped]
}

describe('the dashboard', () => {
  let scraped: Scrape
  let dispose: () => Promise<void>
  beforeAll(async () => {
    const prices = [{ match: '*', prompt: 1, completion: 2 }]
    const scene = await startAgentScene({ config: { models: { prices }, cache: { mode: 'all' } } })
    dispose = async () => scene[Symbol.asyncDispose]()
    await scene.addAgent()
    const ask = (key: string): Promise<string> =>
      fetch(`${scene.gateway.url}/api/generate`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: JSON.stringify({ model: 'tiny', prompt: 'hello', stream: false }),
      }).then((response) => response.text())
    await ask(scene.key)
    await ask('crl_wrong')
    scraped = await scrape(scene.gateway.url, scene.key)
  })
  afterAll(() => dispose())

  it.each(queries)('%s: asks for what a scrape has: %s', (_title, expression) => {
    const metrics = metricsIn(expression)
    expect(metrics).toHaveLength(1)
    const samples = [...scraped.families.values()].flatMap((family) => family.samples)
    for (const { name, facts } of metrics) {
      expect([name, facts === undefined]).toEqual([name, false])
      expect(samples.map((sample) => sample.name)).toContain(name)
      const known = ['instance', 'le', ...(facts?.labels ?? [])]
      expect(labelsIn(expression).filter((label) => !known.includes(label))).toEqual([])
    }
  })

  it.each(queries)('%s: takes rates of counters and nothing else: %s', (_title, expression) => {
    for (const { name, facts } of metricsIn(expression)) {
      const isRate = new RegExp(`\\b(?:rate|increase)\\(${name}\\b`).test(expression)
      expect([name, isRate]).toEqual([name, facts?.type !== 'gauge'])
      expect(expression.includes('histogram_quantile(')).toBe(name.endsWith('_bucket'))
    }
    for (const [opening, closing] of ['()', '{}', '[]']) {
      expect(expression.split(opening ?? '').length).toBe(expression.split(closing ?? '').length)
    }
  })

  it.each(queries)('%s: names series by labels that are left: %s', (_title, expression, legend) => {
    const named = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label)
    const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/,\s*/))
    expect(grouped).toEqual(expect.arrayContaining(named))
  })

  it('fills its variables from metrics that there are', () => {
    const definitions = dashboard.templating.list.flatMap(({ definition }) => definition ?? [])
    expect(definitions.length).toBeGreaterThan(2)
    for (const definition of definitions) {
      const [{ facts } = { facts: undefined }] = metricsIn(definition)
      const label = /,\s*(\w+)\)$/.exec(definition)?.[1] ?? ''
      expect([definition, ['instance', ...(facts?.labels ?? [])].includes(label)]).toEqual([definition, true])
    }
  })

  it('has every panel once, none over another', () => {
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, place) => `${x + (place % w)}/${y + Math.floor(place / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true)
  })

  it('shows most of what there is', () => {
    const shown = new Set(queries.flatMap(([, expression]) => metricsIn(expression).map(({ facts }) => facts)))
    const left = Object.entries(catalogue).flatMap(([name, facts]) => (shown.has(facts) ? [] : [name]))
    expect(left).toEqual([
      ...['corral_queue_length', 'corral_queue_longest_wait_seconds'],
      ...['corral_body_log_lines_total', 'corral_trace_spans_total'],
    ])
  })
})
