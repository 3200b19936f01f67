import type { Dialect } from '../dialects/dialect.ts'

/** How a limit stands, for those who read header fields. */
export interface LimitState {
  readonly limit: number
  readonly remaining: number
  /** Until there is all of it again. */
  readonly resetMs: number
}

export interface LimitStates {
  readonly requests: LimitState | null
  readonly tokens: LimitState | null
}

/** Header fields as clients of a dialect look for them: `now` is milliseconds since the epoch. */
export function limitHeaders({ requests, tokens }: LimitStates, dialect: Dialect, now: number): string[] {
  const fields = dialect === 'anthropic' ? anthropicFields : openaiFields
  return [
    ...(requests === null ? [] : fields('requests', requests, now)),
    ...(tokens === null ? [] : fields('tokens', tokens, now)),
  ]
}

/** https://platform.openai.com/docs/guides/rate-limits: times as `1s` or `6m0s`. Ollama has no names of its own. */
function openaiFields(what: string, { limit, remaining, resetMs }: LimitState): string[] {
  return [
    ...[`x-ratelimit-limit-${what}`, String(limit)],
    ...[`x-ratelimit-remaining-${what}`, String(remaining)],
    ...[`x-ratelimit-reset-${what}`, goDuration(resetMs)],
  ]
}

/** https://docs.anthropic.com/en/api/rate-limits: times as RFC 3339. */
function anthropicFields(what: string, { limit, remaining, resetMs }: LimitState, now: number): string[] {
  const reset = new Date(Math.ceil((now + resetMs) / 1000) * 1000).toISOString().replace('.000Z', 'Z')
  return [
    ...[`anthropic-ratelimit-${what}-limit`, String(limit)],
    ...[`anthropic-ratelimit-${what}-remaining`, String(remaining)],
    ...[`anthropic-ratelimit-${what}-reset`, reset],
  ]
}

function goDuration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000)
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  if (hours > 0) return `${hours}h${minutes}m${seconds % 60}s`
  return minutes > 0 ? `${minutes}m${seconds % 60}s` : `${seconds}s`
}
