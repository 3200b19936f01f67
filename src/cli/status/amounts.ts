const MB = 2 ** 20
const GB = 2 ** 30

/** Memory in the units of the config: 1 GB is 2^30 bytes, which Ollama's own CLI writes as 1.1 GB. */
export function bytesText(bytes: number): string {
  const amount = bytes >= GB ? bytes / GB : bytes / MB
  return `${amount < 10 ? amount.toFixed(1) : Math.round(amount)} ${bytes >= GB ? 'GB' : 'MB'}`
}

/** A count per second, to three digits: more of them only flicker. */
export function rateText(perSecond: number): string {
  if (perSecond < 10) return `${perSecond.toFixed(1)}/s`
  return `${Math.round(Number(perSecond.toPrecision(3)))}/s`
}

/** The two largest units, such as `4m12s`. */
export function timeText(milliseconds: number): string {
  const seconds = Math.max(0, Math.round(milliseconds / 1000))
  const units = [
    ['d', Math.floor(seconds / 86_400)],
    ['h', Math.floor(seconds / 3600) % 24],
    ['m', Math.floor(seconds / 60) % 60],
    ['s', seconds % 60],
  ] as const
  const first = units.findIndex(([, amount]) => amount > 0)
  if (first < 0) return '0s'
  const told = units.slice(first, first + 2).filter(([, amount]) => amount > 0)
  return told.map(([unit, amount]) => `${amount}${unit}`).join('')
}

/** A short time: `0.4 ms`, `12 ms`, `3.2 s`, `2m5s`. */
export function shortTimeText(milliseconds: number): string {
  if (milliseconds >= 100_000) return timeText(milliseconds)
  if (milliseconds >= 1000) return `${(milliseconds / 1000).toFixed(1)} s`
  return `${milliseconds > 0 && milliseconds < 1 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`
}
