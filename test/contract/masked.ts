import type { ParsedResponse } from '../system/harness/parse-response.ts'

/** Differs from one run of the same request to the next, also without a gateway. */
const VOLATILE = /^(created|created_at|completed_at|expires_at|id|item_id|request_id|call_id|.*_duration|context)$/

/** The lines of an answer with what is volatile masked; what is no JSON stays as it is. */
export function maskedLines(response: ParsedResponse): string[] {
  return response.body
    .toString('utf8')
    .split('\n')
    .map((line) => {
      const start = line.startsWith('data: {') ? 'data: '.length : 0
      return line.slice(0, start) + maskedJson(line.slice(start))
    })
}

function maskedJson(text: string): string {
  try {
    return JSON.stringify(masked(JSON.parse(text)))
  } catch {
    return text
  }
}

function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, VOLATILE.test(key) ? '*' : masked(inner)]),
  )
}
