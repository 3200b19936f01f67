import { median } from '../parts/statistics.ts'
import type { Case } from './plan.ts'
import type { Report } from './report.ts'

/** A case with what each seed gave, in the order of the seeds. */
export interface MeasuredCase {
  readonly order: Case
  readonly reports: readonly Report[]
}

export interface Figure {
  readonly median: number
  readonly least: number
  readonly most: number
}

export function figure(measured: MeasuredCase, of: (report: Report) => number): Figure {
  return summary(measured.reports.map(of))
}

export function summary(values: readonly number[]): Figure {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) }
}

/** Seed by seed, as both had the same requests. */
export function ratio(ours: MeasuredCase, theirs: MeasuredCase, of: (report: Report) => number): Figure {
  return summary(ours.reports.map((report, index) => of(report) / of(theirs.reports[index] ?? report)))
}

export function unstableSeeds(measured: MeasuredCase): number {
  return measured.reports.filter((report) => report.isUnstable).length
}

export function findCase(cases: readonly MeasuredCase[], wanted: Partial<Case>): MeasuredCase | undefined {
  return cases.find(({ order }) => Object.entries(wanted).every(([name, value]) => order[name as keyof Case] === value))
}
