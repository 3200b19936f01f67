import type { Usage } from '../../admin-types.ts'
import { dayOf, daysBetween } from './usage-range.ts'

/** What usage can be told apart by, beside the day. */
export const groupings = ['user', 'key', 'model', 'upstream'] as const

export type Grouping = (typeof groupings)[number]

export interface Series {
  /** Null: everything that has no line of its own. */
  readonly name: string | null
  /** One for each day; null: it is not known. */
  readonly values: readonly (number | null)[]
  /** What it is sorted by. */
  readonly total: number
}

export interface UsageSeries {
  readonly days: readonly string[]
  /** The greatest first, at most as many as there are colours; the rest of what can be added up together at the end. */
  readonly series: readonly Series[]
}

/** More than these nobody can tell apart. */
export const MAX_SERIES = 6

export interface SeriesOptions {
  readonly by: Grouping
  readonly measure: {
    /** Means are lines of their own; sums can be put on top of each other. */
    readonly kind: 'sum' | 'mean'
    /** Null: it is not known of the row. */
    valueOf(row: Usage): number | null
  }
  /** Null: from the first day there is. */
  readonly since: number | null
  readonly now: number
}

/** Rows by day and group as lines over the same days, none left out. */
export function usageSeries(rows: readonly Usage[], { by, measure, since, now }: SeriesOptions): UsageSeries {
  const first = rows.reduce((least, { day }) => (day !== undefined && day < least ? day : least), dayOf(now))
  const days = daysBetween(since ?? Date.parse(first), now)
  const groups = Map.groupBy(rows, (row) => groupName(row, by))
  const all = [...groups].map(([name, own]) => seriesOf(name, { rows: own, days, measure }))
  const sorted = all
    .filter(({ total }) => total > 0)
    .toSorted((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1))
  if (measure.kind === 'mean' || sorted.length <= MAX_SERIES) return { days, series: sorted.slice(0, MAX_SERIES) }
  return { days, series: [...sorted.slice(0, MAX_SERIES - 1), together(sorted.slice(MAX_SERIES - 1))] }
}

/** What stands where an exchange has none: no model was named, no upstream was asked. */
export function groupName(row: Usage, by: Grouping): string {
  return row[by] ?? nameless[by]
}

/** Each line on top of those before it; what is drawn of a stack. */
export function stacked(series: readonly Series[]): number[][] {
  const below: number[] = []
  return series.map(({ values }) =>
    values.map((value, place) => {
      const top = (below[place] ?? 0) + (value ?? 0)
      below[place] = top
      return top
    }),
  )
}

const nameless: Readonly<Record<Grouping, string>> = {
  user: '(no user)',
  key: '(no key)',
  model: '(no model)',
  upstream: '(no upstream)',
}

interface Group extends Pick<SeriesOptions, 'measure'> {
  readonly rows: readonly Usage[]
  readonly days: readonly string[]
}

type NamedSeries = Series & { readonly name: string }

function seriesOf(name: string, { rows, days, measure }: Group): NamedSeries {
  const byDay = Map.groupBy(rows, ({ day }) => day ?? '')
  if (measure.kind === 'mean') {
    const values = days.map((day) => meanOf(byDay.get(day) ?? [], measure.valueOf))
    const known = values.some((value) => value !== null)
    return { name, values, total: known ? sum(rows.map(({ requests }) => requests)) : 0 }
  }
  const values = days.map((day) => sum((byDay.get(day) ?? []).map((row) => measure.valueOf(row) ?? 0)))
  return { name, values, total: sum(values) }
}

/** By the number of requests: two keys may have one name. */
function meanOf(rows: readonly Usage[], valueOf: (row: Usage) => number | null): number | null {
  const known = rows.flatMap((row) => {
    const value = valueOf(row)
    return value === null ? [] : [{ value, requests: row.requests }]
  })
  const requests = sum(known.map((each) => each.requests))
  return requests === 0 ? null : sum(known.map((each) => each.value * each.requests)) / requests
}

function together(series: readonly Series[]): Series {
  const [first] = series
  const values = (first?.values ?? []).map((_, place) => sum(series.map((each) => each.values[place] ?? 0)))
  return { name: null, values, total: sum(values) }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
