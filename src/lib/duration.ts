const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const descendingUnits = ['d', 'h', 'm', 's', 'ms'] as const

/** `250ms`, `10s`, `1.5h`, `1h30m`, or `0`, in milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  if (text.length > 32 || !/^(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/.test(text)) return undefined
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    totalMs += Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN)
  }
  const rounded = Math.round(totalMs)
  return Number.isSafeInteger(rounded) ? rounded : undefined
}

/** The shortest text that `parseDuration` reads as the same time, such as `1h30m`. */
export function formatDuration(milliseconds: number): string {
  let rest = Math.round(milliseconds)
  let text = ''
  for (const unit of descendingUnits) {
    const size = unitMs[unit] ?? 1
    const amount = Math.floor(rest / size)
    if (amount > 0) text += `${amount}${unit}`
    rest -= amount * size
  }
  return text === '' ? '0s' : text
}
