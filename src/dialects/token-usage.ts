export interface TokenUsage {
  readonly promptTokens: number | null
  readonly completionTokens: number | null
}

const PROMPT = /"(?:prompt_eval_count|prompt_tokens|input_tokens)":(\d+)/g
const COMPLETION = /"(?:eval_count|completion_tokens|output_tokens)":(\d+)/g

/**
 * The upstream's own counts from the end of an answer, in any dialect. The last ones count: Anthropic's first
 * estimate and OpenAI's zeros come before. Text that a model wrote cannot match, its quotes are escaped.
 */
export function tokenUsage(tail: string): TokenUsage {
  return { promptTokens: lastNumber(tail, PROMPT), completionTokens: lastNumber(tail, COMPLETION) }
}

function lastNumber(text: string, pattern: RegExp): number | null {
  let found: string | undefined
  for (const match of text.matchAll(pattern)) found = match[1]
  return found === undefined ? null : Number(found)
}
