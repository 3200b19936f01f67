import type { Dialect } from './dialect.ts'

/** How a streamed answer is framed and by which line it says that it is complete. */
export interface StreamFormat {
  readonly framing: 'ndjson' | 'sse'
  readonly dialect: Dialect
  /** The counts in it are not for the client, who did not ask for them. */
  readonly hidesUsage?: boolean
}

/** What one line of a stream says about the stream as a whole. */
export type LineMeaning = 'more' | 'complete' | 'failed'

/**
 * What an SSE line means for the whole stream. OpenAI ends with `data: [DONE]`, Anthropic with `message_stop`,
 * Responses with `response.completed` (or `.incomplete`, `.failed`) and no `[DONE]`.
 */
export function meaningOfSseLine(dialect: Dialect, line: string): LineMeaning {
  if (dialect === 'openai') {
    if (line.startsWith('data: [DONE]')) return 'complete'
    return line.startsWith('data: {"error"') ? 'failed' : 'more'
  }
  if (line.startsWith('event: error')) return 'failed'
  if (dialect === 'anthropic') return line.startsWith('event: message_stop') ? 'complete' : 'more'
  if (line.startsWith('event: response.failed')) return 'failed'
  return line.startsWith('event: response.completed') || line.startsWith('event: response.incomplete')
    ? 'complete'
    : 'more'
}

/**
 * What the last line of a native stream means: `done:true` ends a generation, `success` a transfer, `error` either.
 * Ollama omits `done:true` after 30 repeated tokens, which the caller cannot tell from a cut.
 */
export function meaningOfNdjsonLine(line: string): LineMeaning {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'more'
  }
  if (typeof value !== 'object' || value === null) return 'more'
  if ('error' in value) return 'failed'
  if ('done' in value && value.done === true) return 'complete'
  return 'status' in value && value.status === 'success' ? 'complete' : 'more'
}
