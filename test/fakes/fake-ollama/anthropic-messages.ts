import { createHash } from 'node:crypto'
import { collect, fromMiddleware, numberField, startCompat, streamParts, type Collected } from './compat-job.ts'
import type { Engine } from './engine.ts'
import { isRecord, jsonBody, listField, textField, type Exchange } from './exchange.ts'
import type { Generation, Metrics, Part } from './generation.ts'
import { encode, type Fields } from './go-json.ts'
import { callId } from './native-inference.ts'
import { OllamaError } from './ollama-error.ts'
import { sendLine } from './openai-chat.ts'
import { textOf } from './prompt.ts'
import { MESSAGES } from './request-shapes.ts'

export async function handleMessages(engine: Engine, exchange: Exchange): Promise<void> {
  const fields = await fromMiddleware(jsonBody(exchange, MESSAGES))
  requireFields(fields)
  const model = textField(fields, 'model')
  const messages = listField(fields, 'messages')
  const thinking = fields['thinking']
  const generation = await startCompat(engine, exchange, {
    model,
    messages,
    system: textOf(fields['system']),
    tools: listField(fields, 'tools'),
    limit: numberField(fields['max_tokens']),
    think: isRecord(thinking) ? thinking['type'] === 'enabled' : false,
    refuseThinking: false,
  })
  const id = `msg_${createHash('sha256').update(JSON.stringify(fields)).digest('hex').slice(0, 24)}`
  if (fields['stream'] === true)
    return streamMessage(exchange, generation, { id, model, estimate: estimateOf(messages) })
  const answer = await collect(generation)
  const content = contentOf(answer)
  const usage = usageOf(answer.metrics)
  await sendLine(exchange, {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: stopReason(answer.metrics, answer.calls.length > 0),
    usage,
  })
}

function requireFields(fields: Fields): void {
  const refuse = (message: string): never => {
    throw new OllamaError(400, message, { by: 'middleware' })
  }
  if (textField(fields, 'model') === '') refuse('model is required')
  if ((numberField(fields['max_tokens']) ?? 0) <= 0) refuse('max_tokens is required and must be positive')
  if (listField(fields, 'messages').length === 0) refuse('messages is required')
}

interface MessageInfo {
  readonly id: string
  readonly model: string
  readonly estimate: number
}

type Block = 'thinking' | 'text' | 'tool_use'

async function streamMessage(exchange: Exchange, generation: Generation, info: MessageInfo): Promise<void> {
  let index = -1
  let open: Block | undefined
  let called = false

  async function close(): Promise<void> {
    if (open !== undefined) await writeEvent(exchange, 'content_block_stop', { index })
    open = undefined
  }

  const fate = await streamParts(generation, async (part) => {
    if (!exchange.answer.started) await startMessage(exchange, info)
    const block = blockOf(part)
    called ||= block === 'tool_use'
    if (open !== block) {
      await close()
      open = block
      index += 1
      await writeEvent(exchange, 'content_block_start', { index, content_block: emptyBlock(part) })
    }
    await writeEvent(exchange, 'content_block_delta', { index, delta: deltaOf(part) })
  })
  if (fate === 'died') return exchange.answer.end()
  if (!exchange.answer.started) await startMessage(exchange, info)
  await close()
  const metrics = generation.metrics()
  await writeEvent(exchange, 'message_delta', {
    delta: { stop_reason: stopReason(metrics, called) },
    usage: usageOf(metrics),
  })
  await writeEvent(exchange, 'message_stop', {})
  await exchange.answer.end()
}

async function startMessage(exchange: Exchange, info: MessageInfo): Promise<void> {
  exchange.answer.head(200, [
    ['Cache-Control', 'no-cache'],
    ...keptAlive(exchange),
    ['Content-Type', 'text/event-stream'],
  ])
  const usage = { input_tokens: info.estimate, output_tokens: 0 }
  const { id, model } = info
  await writeEvent(exchange, 'message_start', {
    message: { id, type: 'message', role: 'assistant', model, content: [], usage },
  })
}

/** These two routes set the field themselves; a client that asked to close is told `close` all the same. */
export function keptAlive(exchange: Exchange): [string, string][] {
  return exchange.request.headers.connection === 'close' ? [] : [['Connection', 'keep-alive']]
}

function writeEvent(exchange: Exchange, type: string, rest: object): Promise<void> {
  return exchange.answer.write(`event: ${type}\ndata: ${encode({ type, ...rest })}\n\n`)
}

function blockOf(part: Part): Block {
  if (part.kind === 'tool') return 'tool_use'
  return part.kind === 'thinking' ? 'thinking' : 'text'
}

function emptyBlock(part: Part): object {
  if (part.kind === 'tool') return { type: 'tool_use', id: callId(part.call), name: part.call.name, input: {} }
  return part.kind === 'thinking' ? { type: 'thinking', thinking: '' } : { type: 'text', text: '' }
}

function deltaOf(part: Part): object {
  if (part.kind === 'tool') return { type: 'input_json_delta', partial_json: JSON.stringify(part.call.arguments) }
  if (part.kind === 'thinking') return { type: 'thinking_delta', thinking: part.text }
  return { type: 'text_delta', text: part.text }
}

function contentOf(answer: Collected): object[] {
  return [
    ...(answer.thinking === '' ? [] : [{ type: 'thinking', thinking: answer.thinking }]),
    ...(answer.text === '' ? [] : [{ type: 'text', text: answer.text }]),
    ...answer.calls.map((call) => ({ type: 'tool_use', id: callId(call), name: call.name, input: call.arguments })),
  ]
}

function stopReason(metrics: Metrics, called: boolean): string {
  if (called) return 'tool_use'
  return metrics.doneReason === 'length' ? 'max_tokens' : 'end_turn'
}

function usageOf(metrics: Metrics): object {
  return { input_tokens: metrics.promptTokens, output_tokens: metrics.answerTokens }
}

/** What `message_start` claims: bytes / 4. */
function estimateOf(messages: readonly unknown[]): number {
  const bytes = messages.reduce<number>(
    (sum, m) => sum + (isRecord(m) ? Buffer.byteLength(textOf(m['content'])) : 0),
    0,
  )
  return Math.ceil(bytes / 4)
}
