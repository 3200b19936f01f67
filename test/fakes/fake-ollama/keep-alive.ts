import { OllamaError } from './ollama-error.ts'

export const FOR_EVER_MS = Infinity

const UNITS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 }

/** `keep_alive` of a request: a number of seconds or a Go duration; negative means for ever. */
export function parseKeepAlive(value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number') return value < 0 ? FOR_EVER_MS : value * 1000
  if (typeof value !== 'string') throw new OllamaError(400, `Unsupported type: '${typeof value}'`)
  if (value === '0') return 0
  const sign = value.startsWith('-') ? -1 : 1
  const text = value.replace(/^[+-]/, '')
  if (!/^(\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(text)) {
    const problem = /^\d+$/.test(text) ? 'missing unit in duration' : 'invalid duration'
    throw new OllamaError(400, `time: ${problem} "${value}"`)
  }
  let ms = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)/g)) {
    ms += Number(amount) * (UNITS[unit ?? ''] ?? 0)
  }
  return sign < 0 ? FOR_EVER_MS : ms
}
