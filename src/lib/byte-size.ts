/** Model servers and clients say MB and mean 2^20; so do we, with or without the `i`. */
const unitBytes: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }

/** `64MB`, `1.5GiB`, `512k` or plain bytes; undefined for anything else. */
export function parseByteSize(text: string): number | undefined {
  if (text.length > 32) return undefined
  const match = /^(\d+(?:\.\d+)?) ?(?:([kmgt])i?)?b?$/i.exec(text)
  if (match === null) return undefined
  const bytes = Number(match[1]) * (unitBytes[match[2]?.toLowerCase() ?? ''] ?? Number.NaN)
  const rounded = Math.round(bytes)
  return Number.isSafeInteger(rounded) ? rounded : undefined
}

/** The largest unit that says it exactly, as `parseByteSize` reads it. */
export function formatByteSize(bytes: number): string {
  const unit = ['t', 'g', 'm', 'k'].find((name) => bytes > 0 && bytes % (unitBytes[name] ?? 1) === 0) ?? ''
  return `${bytes / (unitBytes[unit] ?? 1)}${unit.toUpperCase()}B`
}
