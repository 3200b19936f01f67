/** One line of an answer of /api/chat, as far as the page reads it. */
export interface ChatEvent {
  readonly content: string
  readonly thinking: string
  /** An error inside the stream: nothing comes after it. */
  readonly error: string | null
  readonly final: ChatCounts | null
}

/** What the server counted, in its last line. */
export interface ChatCounts {
  /** Why it stopped: `stop`, `length`, `load`. */
  readonly reason: string | null
  readonly loadMs: number | null
  readonly promptTokens: number | null
  readonly promptMs: number | null
  readonly answerTokens: number | null
  readonly answerMs: number | null
}

export interface LineReader {
  /** The whole lines that have come by now. */
  push(chunk: Uint8Array): string[]
  /** What stands after the last line end. */
  end(): string[]
}

/** Takes chunks apart at line ends, wherever they were cut: inside a character too. */
export function createLineReader(): LineReader {
  const decoder = new TextDecoder()
  let rest = ''
  const take = (text: string): string[] => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    return lines.filter((line) => line.trim() !== '')
  }
  return {
    push: (chunk) => take(decoder.decode(chunk, { stream: true })),
    end() {
      const lines = take(decoder.decode())
      return rest.trim() === '' ? lines : [...lines, rest]
    },
  }
}

/** Undefined where the line is none of a chat's. */
export function parseChatLine(line: string): ChatEvent | undefined {
  const value = parseObject(line)
  if (value === undefined) return undefined
  const message = isObject(value['message']) ? value['message'] : {}
  const error = typeof value['error'] === 'string' ? value['error'] : null
  return {
    content: textOf(message['content']),
    thinking: textOf(message['thinking']),
    error,
    final: value['done'] === true ? countsOf(value) : null,
  }
}

/** Null where it is not known, or too short to say anything. */
export function tokensPerSecond(counts: ChatCounts): number | null {
  const { answerTokens, answerMs } = counts
  return answerTokens === null || answerMs === null || answerMs <= 0 ? null : answerTokens / (answerMs / 1000)
}

function countsOf(value: Readonly<Record<string, unknown>>): ChatCounts {
  return {
    reason: typeof value['done_reason'] === 'string' ? value['done_reason'] : null,
    loadMs: milliseconds(value['load_duration']),
    promptTokens: numberOf(value['prompt_eval_count']),
    promptMs: milliseconds(value['prompt_eval_duration']),
    answerTokens: numberOf(value['eval_count']),
    answerMs: milliseconds(value['eval_duration']),
  }
}

function milliseconds(nanoseconds: unknown): number | null {
  const value = numberOf(nanoseconds)
  return value === null ? null : value / 1e6
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
