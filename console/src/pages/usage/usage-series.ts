import { dayOf, daysBetween } from './usage-range.ts'

/** What usage can be told apart by, beside the day. */
export const groupings = ['user', 'key', 'model', 'upstream'] as const

export type Grouping = (typeof groupings)[number]

/** As `GET /admin/usage` answers. */
export type UsageRow = { readonly [G in Grouping]?: string | null | undefined } & {
  readonly day?: string | undefined
  readonly requests: number
  readonly errors: number
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly cost: number
}

export interface Series {
  /** Null: everything that has no line of its own. */
  readonly name: string | null
  /** One for each day. */
  readonly values: readonly number[]
  readonly total: number
}

export interface UsageSeries {
  readonly days: readonly string[]
  /** The greatest first; at most as many as there are colours, the rest together at the end. */
  readonly series: readonly Series[]
}

/** More than these nobody can tell apart. */
export const MAX_SERIES = 6

export interface SeriesOptions {
  readonly by: Grouping
  /** What is counted of a row. */
  readonly valueOf: (row: UsageRow) => number
  /** Null: from the first day there is. */
  readonly since: number | null
  readonly now: number
}

/** Rows by day and group as lines over the same days, none left out. */
export function usageSeries(rows: readonly UsageRow[], options: SeriesOptions): UsageSeries {
  const { by, valueOf, since, now } = options
  const first = rows.reduce((least, { day }) => (day !== undefined && day < least ? day : least), dayOf(now))
  const days = daysBetween(since ?? Date.parse(first), now)
  const places = new Map(days.map((day, place) => [day, place]))
  const sums = new Map<string, number[]>()
  for (const row of rows) {
    const place = places.get(row.day ?? '')
    if (place === undefined) continue
    const name = groupName(row, by)
    const values = sums.get(name) ?? new Array<number>(days.length).fill(0)
    values[place] = (values[place] ?? 0) + valueOf(row)
    sums.set(name, values)
  }
  const all = [...sums].map(([name, values]) => ({ name, values, total: sum(values) }))
  const sorted = all
    .filter(({ total }) => total > 0)
    .toSorted((a, b) => b.total - a.total || (a.name < b.name ? -1 : 1))
  return { days, series: bounded(sorted, days.length) }
}

/** What stands where an exchange has none: no model was named, no upstream was asked. */
export function groupName(row: UsageRow, by: Grouping): string {
  return row[by] ?? nameless[by]
}

const nameless: Readonly<Record<Grouping, string>> = {
  user: '(no user)',
  key: '(no key)',
  model: '(no model)',
  upstream: '(no upstream)',
}

/** Each line on top of those before it, for a stack; the sums are what is drawn. */
export function stacked(series: readonly Series[]): number[][] {
  const below: number[] = []
  return series.map(({ values }) =>
    values.map((value, place) => {
      const top = (below[place] ?? 0) + value
      below[place] = top
      return top
    }),
  )
}

function bounded(series: readonly Series[], days: number): Series[] {
  if (series.length <= MAX_SERIES) return [...series]
  const named = series.slice(0, MAX_SERIES - 1)
  const rest = series.slice(MAX_SERIES - 1)
  const values = Array.from({ length: days }, (_, place) => sum(rest.map((each) => each.values[place] ?? 0)))
  return [...named, { name: null, values, total: sum(values) }]
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
