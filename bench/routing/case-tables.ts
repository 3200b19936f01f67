import { findFleet, FLEETS } from './fleet.ts'
import { type Figure, figure, type MeasuredCase, unstableSeeds } from './measured-case.ts'
import { POLICIES } from './policies.ts'
import { slots } from './targets.ts'

export interface Section {
  readonly fleet: string
  readonly title: string
  readonly isFirstOfFleet: boolean
  readonly members: readonly MeasuredCase[]
}

/** Cases that have the same requests and the same servers, side by side. */
export function sections(cases: readonly MeasuredCase[]): Section[] {
  const groups = [...Map.groupBy(cases, ({ order }) => rankOf(order))].toSorted(([a], [b]) => a - b)
  let before = ''
  return groups.flatMap(([, members]) => {
    const [first] = members
    if (first === undefined) return []
    const { order } = first
    const isFirstOfFleet = order.fleet !== before
    before = order.fleet
    const heavy = order.heavyUser ? ', one of ten users asks ten times as often' : ''
    const title = `${slots(order.parallel)}, ${Math.round(order.utilisation * 100)} %${heavy}`
    return [{ fleet: findFleet(order.fleet).title, title, isFirstOfFleet, members }]
  })
}

function rankOf({ fleet, heavyUser, parallel, utilisation }: MeasuredCase['order']): number {
  const place = FLEETS.findIndex((candidate) => candidate.name === fleet)
  return place * 1000 + Number(heavyUser) * 500 + parallel * 10 + utilisation
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
        `${(figure(measured, (report) => report.prefixShare).median * 100).toFixed(1)} %`,
        share(figure(measured, (report) => report.refused / report.requests).median),
        stability(measured),
      ]
      return `| ${cells.join(' | ')} |`
    }),
  ]
}

/** Where it came from: per model, per server, per user. */
export function detailTable(members: readonly MeasuredCase[]): string[] {
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
