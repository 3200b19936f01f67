import type { Dialect } from './dialect.ts'

export interface TokenUsage {
  /** All of the prompt, what a cache had of it included. */
  readonly promptTokens: number | null
  readonly completionTokens: number | null
  /** Of the prompt, what the upstream had read before; null where it does not tell. */
  readonly cachedTokens: number | null
}

const UNTOLD: TokenUsage = { promptTokens: null, completionTokens: null, cachedTokens: null }
const USAGE = '"usage":'
/** A `usage` object is not longer. What stands behind it may be a client's own: the metadata of a response. */
const LONGEST_USAGE = 2048

/**
 * The upstream's own counts, from the beginning and the end of an answer. Text that a model wrote cannot match, its
 * quotes are escaped.
 */
export function tokenUsage(dialect: Dialect, text: string): TokenUsage {
  switch (dialect) {
    case 'ollama':
      return nativeUsage(text)
    case 'anthropic':
      return messageUsage(text)
    default:
      return completionUsage(text)
  }
}

/** They stand behind all that a model wrote, its tool calls included, which are no strings here. */
function nativeUsage(text: string): TokenUsage {
  return {
    promptTokens: lastNumber(text, '"prompt_eval_count":'),
    completionTokens: lastNumber(text, '"eval_count":'),
    cachedTokens: lastNumber(text, '"prompt_eval_cached_count":'),
  }
}

/** The last one counts; zeros, which Ollama sends with each piece of a completion, tell nothing. */
function completionUsage(text: string): TokenUsage {
  const told = usageBefore(text, text.length)
  if (told === undefined) return UNTOLD
  const promptTokens = firstNumber(told.text, ['"prompt_tokens":', '"input_tokens":'])
  const completionTokens = firstNumber(told.text, ['"completion_tokens":', '"output_tokens":'])
  if ((promptTokens ?? 0) === 0 && (completionTokens ?? 0) === 0) return UNTOLD
  return { promptTokens, completionTokens, cachedTokens: firstNumber(told.text, ['"cached_tokens":']) }
}

/**
 * A stream tells its prompt with its first event and the answer with its last but one, which may tell both. What a
 * cache had of the prompt, or keeps of it, is counted apart from the rest of it.
 */
function messageUsage(text: string): TokenUsage {
  const last = usageBefore(text, text.length)
  if (last === undefined) return UNTOLD
  const told = [last.text, usageBefore(text, last.at)?.text ?? '']
  const cachedTokens = firstTold(told, '"cache_read_input_tokens":')
  const parts = [firstTold(told, '"input_tokens":'), cachedTokens, firstTold(told, '"cache_creation_input_tokens":')]
  const isBegun = text.lastIndexOf('"message_start"') > text.lastIndexOf('"message_delta"')
  return {
    promptTokens: parts.every((each) => each === null) ? null : parts.reduce<number>((sum, n) => sum + (n ?? 0), 0),
    // The first event has a placeholder there.
    completionTokens: isBegun ? null : firstNumber(last.text, ['"output_tokens":']),
    cachedTokens,
  }
}

/** The last `usage` that is an object and begins before `end`, and what follows it. */
function usageBefore(text: string, end: number): { readonly at: number; readonly text: string } | undefined {
  for (let at = text.lastIndexOf(USAGE, end - 1); at >= 0 && at < end; at = text.lastIndexOf(USAGE, at - 1)) {
    const told = text.slice(at + USAGE.length, at + LONGEST_USAGE)
    if (/^\s*\{/.test(told)) return { at, text: told }
    if (at === 0) break
  }
  return undefined
}

/** In the first of the texts that says more than zero, else zero where one says so. */
function firstTold(texts: readonly string[], name: string): number | null {
  const numbers = texts.map((text) => firstNumber(text, [name]))
  return numbers.find((each) => each !== null && each > 0) ?? numbers.find((each) => each !== null) ?? null
}

function firstNumber(text: string, names: readonly string[]): number | null {
  for (const name of names) {
    const value = numberAfter(text, text.indexOf(name), name)
    if (value !== null) return value
  }
  return null
}

function lastNumber(text: string, name: string): number | null {
  return numberAfter(text, text.lastIndexOf(name), name)
}

function numberAfter(text: string, at: number, name: string): number | null {
  if (at < 0) return null
  const value = Number.parseInt(text.slice(at + name.length, at + name.length + 20), 10)
  return Number.isNaN(value) ? null : value
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
  const total = lastNumber(tail, '"total_duration":')
  if (total === null) return null
  return {
    loadMs: milliseconds(tail, '"load_duration":'),
    promptMs: milliseconds(tail, '"prompt_eval_duration":'),
    evalMs: milliseconds(tail, '"eval_duration":'),
    totalMs: total / NANOSECONDS,
  }
}

function milliseconds(tail: string, name: string): number {
  return (lastNumber(tail, name) ?? 0) / NANOSECONDS
}
