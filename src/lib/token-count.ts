const MAX_TOKENS = 1e15
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 }

/** `500000`, `500k` and `2M` are numbers of tokens. Undefined where it is none, or below one. */
export function parseTokenCount(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,3})?) ?([kmg]?)$/i.exec(text)
  const tokens = match === null ? 0 : Number(match[1]) * (UNITS[match[2]?.toLowerCase() ?? ''] ?? 0)
  return Number.isInteger(tokens) && tokens >= 1 && tokens <= MAX_TOKENS ? tokens : undefined
}
