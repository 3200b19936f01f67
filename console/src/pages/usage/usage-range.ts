const DAY_MS = 24 * 60 * 60 * 1000

export const ranges = [
  { id: 'today', label: 'Today', days: 1 },
  { id: '7d', label: '7 days', days: 7 },
  { id: '30d', label: '30 days', days: 30 },
  { id: '90d', label: '90 days', days: 90 },
  { id: 'all', label: 'All', days: null },
] as const

export type RangeId = (typeof ranges)[number]['id']

/** From when on, at the start of a day in UTC, as the ledger counts days; null: from the beginning. */
export function rangeStart(range: RangeId, now: number): number | null {
  const days = ranges.find(({ id }) => id === range)?.days ?? null
  return days === null ? null : startOfDay(now) - (days - 1) * DAY_MS
}

/** Every day from the first to the last as YYYY-MM-DD, those with no use too. */
export function daysBetween(first: number, last: number): string[] {
  const days: string[] = []
  for (let at = startOfDay(first); at <= last; at += DAY_MS) days.push(dayOf(at))
  return days
}

export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}

function startOfDay(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS
}
