export interface TokenUsage {
  readonly promptTokens: number | null
  readonly completionTokens: number | null
}

const PROMPT = ['"prompt_eval_count":', '"prompt_tokens":', '"input_tokens":']
const COMPLETION = ['"eval_count":', '"completion_tokens":', '"output_tokens":']

/**
 * The upstream's own counts from the end of an answer, in any dialect. The last ones count: Anthropic's first
 * estimate and OpenAI's zeros come before. Text that a model wrote cannot match, its quotes are escaped.
 */
export function tokenUsage(tail: string): TokenUsage {
  return { promptTokens: lastNumber(tail, PROMPT), completionTokens: lastNumber(tail, COMPLETION) }
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
