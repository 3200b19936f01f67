export interface TokenUsage {
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  /** Of the prompt, what the upstream had read before; null where it does not tell. */
  readonly cachedTokens: number | null
}

const PROMPT = ['"prompt_eval_count":', '"prompt_tokens":', '"input_tokens":']
const CACHED = ['"cached_tokens":', '"cache_read_input_tokens":']
const COMPLETION = ['"eval_count":', '"completion_tokens":', '"output_tokens":']

/**
 * The upstream's own counts from the end of an answer, in any dialect. The last ones count: Anthropic's first
 * estimate and OpenAI's zeros come before. Text that a model wrote cannot match, its quotes are escaped.
 */
export function tokenUsage(tail: string): TokenUsage {
  return {
    promptTokens: lastNumber(tail, PROMPT),
    completionTokens: lastNumber(tail, COMPLETION),
    cachedTokens: lastNumber(tail, CACHED),
  }
}

function lastNumber(text: string, names: readonly string[]): number | null {
  for (const name of names) {
    const at = text.lastIndexOf(name)
    if (at < 0) continue
    const value = Number.parseInt(text.slice(at + name.length, at + name.length + 16), 10)
    if (!Number.isNaN(value)) return value
  }
  return null
}

/** How long Ollama says it took, in milliseconds. Only its own dialect tells. */
export interface AnswerTimings {
  readonly loadMs: number
  readonly promptMs: number
  readonly evalMs: number
  readonly totalMs: number
}

const NANOSECONDS = 1_000_000

/** From the end of an answer; Ollama leaves out what took no time, but never the total. */
export function answerTimings(tail: string): AnswerTimings | null {
  const total = lastNumber(tail, ['"total_duration":'])
  if (total === null) return null
  return {
    loadMs: milliseconds(tail, '"load_duration":'),
    promptMs: milliseconds(tail, '"prompt_eval_duration":'),
    evalMs: milliseconds(tail, '"eval_duration":'),
    totalMs: total / NANOSECONDS,
  }
}

function milliseconds(tail: string, name: string): number {
  return (lastNumber(tail, [name]) ?? 0) / NANOSECONDS
}
