import type { Measure } from '../parts/row.ts'
import { type Figure, figure, findCase, type MeasuredCase, ratio, unstableSeeds } from './measured-case.ts'
import { MAX_WAIT_MS } from './corral.ts'
import { type Case, OVERLOAD, PARALLELS, UTILISATIONS } from './plan.ts'
import type { PolicyName } from './policies.ts'
import type { Report } from './report.ts'

type Of = (report: Report) => number

const p50: Of = (report) => report.firstToken.p50
const p95: Of = (report) => report.firstToken.p95
const loads: Of = (report) => report.loadsPer100
const light95: Of = (report) => report.light.p95

interface Comparison {
  readonly what: string
  readonly where: Partial<Case>
  readonly ours?: PolicyName
  readonly theirs: PolicyName
  readonly of: Of
  readonly atMost: number
}

/** What was to be reached, and whether it was. A case that was not run gives no row. */
export function checkTargets(cases: readonly MeasuredCase[]): Measure[] {
  const compared = PARALLELS.flatMap(comparisons).flatMap((comparison) => compare(cases, comparison))
  const shed = PARALLELS.flatMap((parallel) => checkShedding(cases, parallel))
  return [...compared, ...shed]
}

function comparisons(parallel: number): Comparison[] {
  const mixed = (utilisation: number): Partial<Case> => ({ fleet: 'mixed', parallel, utilisation, heavyUser: false })
  const at = (utilisation: number): string => `${Math.round(utilisation * 100)} %, ${slots(parallel)}`
  const rival = 'least-connections'
  return [
    { what: `mixed, ${at(0.6)}: p50`, where: mixed(0.6), theirs: rival, of: p50, atMost: 0.3 },
    { what: `mixed, ${at(0.6)}: p95`, where: mixed(0.6), theirs: rival, of: p95, atMost: 0.55 },
    { what: `mixed, ${at(0.8)}: p95`, where: mixed(0.8), theirs: rival, of: p95, atMost: 0.6 },
    ...UTILISATIONS.flatMap((utilisation): Comparison[] => [
      { what: `mixed, ${at(utilisation)}: loads`, where: mixed(utilisation), theirs: rival, of: loads, atMost: 0.2 },
      { what: `mixed, ${at(utilisation)}: p95`, where: mixed(utilisation), theirs: 'static', of: p95, atMost: 1.25 },
      {
        what: `mixed, ${at(utilisation)}: p95 with rates wrong by x0.5 to x2`,
        where: mixed(utilisation),
        ours: 'corral-wrong',
        theirs: 'corral-told',
        of: p95,
        atMost: 1.3,
      },
      ...allFit(parallel, utilisation),
    ]),
    {
      what: `mixed, ${at(0.8)}, one user at 10 x: p95 of the others`,
      where: { ...mixed(0.8), heavyUser: true },
      theirs: 'corral-fifo',
      of: light95,
      atMost: 0.7,
    },
  ]
}

function allFit(parallel: number, utilisation: number): Comparison[] {
  const where = { fleet: 'all-fit', parallel, utilisation, heavyUser: false }
  const at = `all fit, ${Math.round(utilisation * 100)} %, ${slots(parallel)}`
  return [
    { what: `${at}: p95`, where, theirs: 'least-connections', of: p95, atMost: 0.6 },
    { what: `${at}: p50`, where, theirs: 'least-connections', of: p50, atMost: 1 },
  ]
}

export function slots(parallel: number): string {
  return parallel === 1 ? '1 slot' : `${parallel} slots`
}

const NAMES: Partial<Record<PolicyName, string>> = {
  'least-connections': 'least connections',
  static: 'the hand-tuned placement',
  'corral-fifo': 'first come, first served',
  'corral-told': 'right rates',
}

function compare(cases: readonly MeasuredCase[], comparison: Comparison): Measure[] {
  const { what, where, theirs, of, atMost } = comparison
  const ours = findCase(cases, { ...where, policy: comparison.ours ?? 'corral' })
  const rival = findCase(cases, { ...where, policy: theirs })
  if (ours === undefined || rival === undefined) return []
  const reach = `<= ${atMost} x ${NAMES[theirs] ?? theirs}`
  if (unstableSeeds(ours) > 0) return [{ what, reach, measured: `unstable${seedsOf(ours)}`, reached: false }]
  const measured = ratio(ours, rival, of)
  // A queue that only grows gives a ratio that depends on how long the run was.
  if (unstableSeeds(rival) > 0) {
    return [{ what, reach, measured: `the other is unstable${seedsOf(rival)}, Corral is not`, reached: true }]
  }
  return [{ what, reach, measured: times(measured), reached: measured.median <= atMost }]
}

function seedsOf(measured: MeasuredCase): string {
  return ` with ${unstableSeeds(measured)} of ${measured.reports.length} seeds`
}

function times({ median, least, most }: Figure): string {
  return least === most
    ? `${median.toFixed(2)} x`
    : `${median.toFixed(2)} x (${least.toFixed(2)} to ${most.toFixed(2)})`
}

function checkShedding(cases: readonly MeasuredCase[], parallel: number): Measure[] {
  const where = { fleet: 'mixed', parallel, utilisation: OVERLOAD, heavyUser: false }
  const measured = findCase(cases, { ...where, policy: 'corral' })
  if (measured === undefined) return []
  const slowest = figure(measured, p95)
  const shed = figure(measured, (report) => report.refused / report.requests)
  const seconds = MAX_WAIT_MS / 1000
  return [
    {
      what: `mixed, 120 %, ${slots(parallel)}: p95 of what is served, and some is shed`,
      reach: `< ${seconds} s (queue.max_wait)`,
      measured: `${slowest.median.toFixed(0)} s (${slowest.least.toFixed(0)} to ${slowest.most.toFixed(0)}), ${(shed.median * 100).toFixed(0)} % shed`,
      reached: slowest.most < seconds && shed.least > 0,
    },
  ]
}
