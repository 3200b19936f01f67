import { isRecord } from './exchange.ts'
import type { ToolCall } from './generation.ts'

/** A conversation as text, so that one that grows begins like what a slot has read before. */
export function renderMessages(messages: readonly unknown[], system = ''): string {
  const lines = messages
    .filter(isRecord)
    .map((message) => `<|${textOf(message['role'])}|>${textOf(message['content'])}\n`)
  return `${system === '' ? '' : `<|system|>${system}\n`}${lines.join('')}<|assistant|>`
}

/** Strings, and the text parts of whatever else a dialect allows. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part) => (isRecord(part) ? textOf(part['text'] ?? part['content']) : textOf(part))).join('')
}

/** The fake calls a tool when the last user message names it; what the tool requires is answered with `x`. */
export function toolToCall(tools: readonly unknown[], messages: readonly unknown[]): ToolCall | undefined {
  const last = messages.filter(isRecord).at(-1)
  if (last === undefined || last['role'] !== 'user') return undefined
  const text = textOf(last['content'])
  for (const tool of tools.filter(isRecord)) {
    const declared = isRecord(tool['function']) ? tool['function'] : tool
    const name = declared['name']
    if (typeof name !== 'string' || name === '' || !text.includes(name)) continue
    const schema = declared['parameters'] ?? declared['input_schema']
    const required = isRecord(schema) && Array.isArray(schema['required']) ? schema['required'] : []
    return { name, arguments: Object.fromEntries(required.map((key) => [String(key), 'x'])) }
  }
  return undefined
}
