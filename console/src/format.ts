const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })
const cents = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
const absolute = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** What stands where nothing is known. */
export const UNKNOWN = '–'

/** 1,234,567 */
export function formatCount(count: number | null | undefined): string {
  return count == null ? UNKNOWN : whole.format(count)
}

/** 1.23 M, for axes and tight places. */
export function formatShort(count: number | null | undefined): string {
  if (count == null) return UNKNOWN
  const [size, unit] = scaled(count, [
    [1e9, ' G'],
    [1e6, ' M'],
    [1e4, ' k', 1e3],
  ])
  return `${short.format(size)}${unit}`
}

/** 5.2 GB; in powers of 1024, as everywhere in Corral. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes == null) return UNKNOWN
  const [size, unit] = scaled(bytes, [
    [2 ** 40, ' TB'],
    [2 ** 30, ' GB'],
    [2 ** 20, ' MB'],
    [2 ** 10, ' kB'],
  ])
  return unit === '' ? `${whole.format(bytes)} B` : `${short.format(size)}${unit}`
}

/** 340 ms, 1.2 s, 3 min 20 s, 2 h 5 min, 3 d 4 h */
export function formatMs(ms: number | null | undefined): string {
  if (ms == null) return UNKNOWN
  if (ms < 999.5) return `${whole.format(ms)} ms`
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`
  return formatSeconds(ms / 1000)
}

/** 42 tok/s */
export function formatRate(tokensPerSecond: number | null | undefined): string {
  return tokensPerSecond == null ? UNKNOWN : `${short.format(tokensPerSecond)} tok/s`
}

export function formatMoney(amount: number | null | undefined): string {
  if (amount == null) return UNKNOWN
  return amount !== 0 && Math.abs(amount) < 0.1 ? short.format(amount) : cents.format(amount)
}

/** `share` from 0 to 1. */
export function formatPercent(share: number | null | undefined): string {
  return share == null ? UNKNOWN : `${short.format(share * 100)} %`
}

/** in 3 min, 5 min ago, now */
export function formatRelative(time: string | number, now: number): string {
  const seconds = Math.round((new Date(time).getTime() - now) / 1000)
  if (Number.isNaN(seconds)) return UNKNOWN
  if (Math.abs(seconds) < 2) return 'now'
  const far = largestOnly(Math.abs(seconds))
  return seconds > 0 ? `in ${far}` : `${far} ago`
}

/** For `title`: the time where the reader is, to the second. */
export function formatAbsolute(time: string | number): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? UNKNOWN : absolute.format(date)
}

const units: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
]

/** 3 s, 3 min 20 s: of what goes on, where parts of a second would only flicker. */
export function formatSeconds(exact: number): string {
  const seconds = Math.round(exact)
  const index = units.findIndex(([size]) => seconds >= size)
  const [size, name] = units[index] ?? [1, 's']
  const next = units[index + 1]
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[0])
  const head = `${Math.floor(seconds / size)} ${name}`
  return next === undefined || rest === 0 ? head : `${head} ${rest} ${next[1]}`
}

function largestOnly(seconds: number): string {
  const [size, name] = units.find(([each]) => seconds >= each) ?? [1, 's']
  return `${Math.floor(seconds / size)} ${name}`
}

type Scale = readonly [from: number, unit: string, size?: number]

function scaled(value: number, scales: readonly Scale[]): [number, string] {
  const found = scales.find(([from]) => Math.abs(value) >= from)
  return found === undefined ? [value, ''] : [value / (found[2] ?? found[0]), found[1]]
}
