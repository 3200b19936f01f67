import type { Measure } from '../parts/row.ts'
import { findFleet, FLEETS } from './fleet.ts'
import { type Figure, figure, type MeasuredCase, unstableSeeds } from './measured-case.ts'
import { POLICIES } from './policies.ts'
import { slots } from './targets.ts'

export interface Page {
  readonly measures: readonly Measure[]
  readonly cases: readonly MeasuredCase[]
  readonly facts: readonly string[]
}

/** The page that a run writes, and most of which it prints. */
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
    'the arrivals ended: such times only say how long the run was.',
    '',
    '| measure | reach | measured | |',
    '|---|---|---|---|',
    ...measures.map(measureLine),
    '',
    ...facts.map((fact) => `- ${fact}`),
    '',
    ...sections(cases).flatMap(({ title, members }) => [
      title,
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
  return `| ${what} | ${reach} | ${measured} | ${reached === true ? 'reached' : 'short'} |`
}

function sections(cases: readonly MeasuredCase[]): { title: string; members: readonly MeasuredCase[] }[] {
  const groups = Map.groupBy(cases, ({ order }) => {
    const { title } = findFleet(order.fleet)
    const load = `${Math.round(order.utilisation * 100)} %`
    return `## ${title}: ${slots(order.parallel)}, ${load}${order.heavyUser ? ', one user asks ten times as often' : ''}`
  })
  const rank = ({ order }: MeasuredCase): number =>
    FLEETS.findIndex((fleet) => fleet.name === order.fleet) * 100 +
    Number(order.heavyUser) * 50 +
    order.parallel * 10 +
    order.utilisation
  return [...groups]
    .map(([title, members]) => ({ title, members }))
    .toSorted((a, b) => rankOf(a.members, rank) - rankOf(b.members, rank))
}

function rankOf(members: readonly MeasuredCase[], rank: (member: MeasuredCase) => number): number {
  const [first] = members
  return first === undefined ? 0 : rank(first)
}

/** The heart of a case, one line per policy. */
export function caseTable(members: readonly MeasuredCase[]): string[] {
  return [
    '| policy | p50 | p95 | p99 | max | to the end p50, p95 | loads per 100 | prefix hits | refused | |',
    '|---|---|---|---|---|---|---|---|---|---|',
    ...members.map((measured) => {
      const { order } = measured
      const cells = [
        POLICIES[order.policy].title,
        spreadCell(figure(measured, (report) => report.firstToken.p50)),
        spreadCell(figure(measured, (report) => report.firstToken.p95)),
        spreadCell(figure(measured, (report) => report.firstToken.p99)),
        spreadCell(figure(measured, (report) => report.firstToken.max)),
        `${short(figure(measured, (report) => report.endToEnd.p50).median)}, ${short(figure(measured, (report) => report.endToEnd.p95).median)}`,
        short(figure(measured, (report) => report.loadsPer100).median),
        share(figure(measured, (report) => report.prefixShare).median),
        share(figure(measured, (report) => report.refused / report.requests).median),
        stability(measured),
      ]
      return `| ${cells.join(' | ')} |`
    }),
  ]
}

function detailTable(members: readonly MeasuredCase[]): string[] {
  const [first] = members
  if (first === undefined) return []
  const fleet = findFleet(first.order.fleet)
  const models = fleet.models.map((model) => model.name)
  const servers = fleet.servers.map((server) => server.name)
  return [
    `| policy | ${models.map((model) => `${model} p50, p95`).join(' | ')} | busy ${servers.join(', ')} | light users p95 | heavy p95 | Jain |`,
    `|---|${models.map(() => '---|').join('')}---|---|---|---|`,
    ...members.map((measured) => {
      const cells = [
        POLICIES[measured.order.policy].title,
        ...models.map((model) => {
          const p50 = figure(measured, (report) => report.models[model]?.p50 ?? Number.NaN).median
          return `${short(p50)}, ${short(figure(measured, (report) => report.models[model]?.p95 ?? Number.NaN).median)}`
        }),
        servers.map((server) => share(figure(measured, (report) => report.busy[server] ?? 0).median)).join(', '),
        // Without a heavy user all are alike, and the one is no group.
        measured.order.heavyUser ? spreadCell(figure(measured, (report) => report.light.p95)) : '',
        measured.order.heavyUser ? short(figure(measured, (report) => report.heavy.p95).median) : '',
        figure(measured, (report) => report.jain).median.toFixed(2),
      ]
      return `| ${cells.join(' | ')} |`
    }),
  ]
}

function spreadCell({ median, least, most }: Figure): string {
  return least === most ? short(median) : `${short(median)} (${short(least)} to ${short(most)})`
}

function short(value: number): string {
  if (value >= 99.5) return value.toFixed(0)
  return value.toFixed(value >= 9.95 ? 1 : 2)
}

function share(value: number): string {
  return `${(value * 100).toFixed(0)} %`
}

function stability(measured: MeasuredCase): string {
  const unstable = unstableSeeds(measured)
  return unstable === 0 ? '' : `**unstable** with ${unstable} of ${measured.reports.length} seeds`
}
