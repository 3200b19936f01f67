/** A stretch of time: its first millisecond, and the first one after it. */
export interface Period {
  readonly start: number
  readonly end: number
}

/** The minute, the day and the month that a moment is in, in UTC. */
export interface Calendar {
  readonly minute: Period
  readonly day: Period
  readonly month: Period
}

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

export function calendarOf(now: number): Calendar {
  const date = new Date(now)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  return {
    minute: periodOf(now, MINUTE_MS),
    day: periodOf(now, DAY_MS),
    month: { start: Date.UTC(year, month), end: Date.UTC(year, month + 1) },
  }
}

/** The same, worked out once a minute. */
export function createCalendar(): (now: number) => Calendar {
  let current = calendarOf(0)
  return (now) => {
    if (now < current.minute.start || now >= current.minute.end) current = calendarOf(now)
    return current
  }
}

function periodOf(now: number, lengthMs: number): Period {
  const start = Math.floor(now / lengthMs) * lengthMs
  return { start, end: start + lengthMs }
}
