import { InvalidArgumentError } from 'commander'
import type { TermsInput } from '../admin/key-schemas.ts'
import { isCalendarDay } from '../lib/calendar-day.ts'
import { parseDuration } from '../lib/duration.ts'

export type Expiry = Pick<TermsInput, 'expires_in_seconds' | 'expires_at'>

export function parseExpiry(value: string): Expiry {
  const milliseconds = parseDuration(value)
  if (milliseconds !== undefined && milliseconds >= 1000) return { expires_in_seconds: Math.round(milliseconds / 1000) }
  return { expires_at: parseDay(value) }
}

/** As `parseExpiry`, or never: the key has an end already. */
export function parseChangedExpiry(value: string): Expiry {
  return value === 'never' ? { expires_at: null } : parseExpiry(value)
}

/** The beginning of a day, or a moment, where no zone is said in the one of this machine. */
function parseDay(value: string): string {
  const hasForm = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?$/.test(value)
  const isTime = hasForm && isCalendarDay(value.slice(0, 10))
  const time = isTime ? Date.parse(value.length === 10 ? `${value}T00:00` : value.replace(' ', 'T')) : NaN
  if (!Number.isNaN(time)) return new Date(time).toISOString()
  throw new InvalidArgumentError(
    'It must be a duration of at least 1s, such as 90s, 12h or 30d, or a day such as 2027-01-31.',
  )
}
