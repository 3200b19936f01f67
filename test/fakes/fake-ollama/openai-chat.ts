import { send } from './answer.ts'
import { collect, fromMiddleware, numberField, startCompat, streamParts, type Collected } from './compat-job.ts'
import type { Engine } from './engine.ts'
import { isRecord, jsonBody, listField, recordField, textField, type Exchange } from './exchange.ts'
import type { Generation, Metrics, Part, ToolCall } from './generation.ts'
import { encode, type Fields } from './go-json.ts'
import { callId } from './native-inference.ts'
import { OllamaError } from './ollama-error.ts'
import { OPENAI_CHAT, OPENAI_COMPLETION } from './request-shapes.ts'
import { seedOf } from './words.ts'

export async function handleOpenaiChat(engine: Engine, exchange: Exchange): Promise<void> {
  const fields = await fromMiddleware(jsonBody(exchange, OPENAI_CHAT))
  const messages = listField(fields, 'messages')
  if (messages.length === 0) throw new OllamaError(400, "[] is too short - 'messages'", { by: 'middleware' })
  const model = textField(fields, 'model')
  const generation = await startCompat(engine, exchange, {
    model,
    messages,
    tools: listField(fields, 'tools'),
    limit: numberField(fields['max_tokens']),
    think: wantedThinking(fields),
    refuseThinking: true,
  })
  const id = `chatcmpl-${numberOf(fields)}`
  if (fields['stream'] === true) return streamChat(exchange, generation, { id, model, usage: wantsUsage(fields) })
  await sendLine(exchange, chatAnswer(id, model, await collect(generation)))
}

export async function handleOpenaiCompletion(engine: Engine, exchange: Exchange): Promise<void> {
  const fields = await fromMiddleware(jsonBody(exchange, OPENAI_COMPLETION))
  const model = textField(fields, 'model')
  const generation = await startCompat(engine, exchange, {
    model,
    messages: [{ role: 'user', content: textField(fields, 'prompt') }],
    tools: [],
    limit: numberField(fields['max_tokens']),
    think: false,
    refuseThinking: true,
  })
  const id = `cmpl-${numberOf(fields)}`
  if (fields['stream'] === true) return streamCompletion(exchange, generation, { id, model, usage: wantsUsage(fields) })
  const answer = await collect(generation)
  await sendLine(exchange, {
    ...head(id, 'text_completion', model),
    choices: [{ text: answer.text, index: 0, finish_reason: answer.metrics.doneReason }],
    usage: usageOf(answer.metrics),
  })
}

/** Of what was asked, not of whether counts were. */
function numberOf(fields: Fields): number {
  return seedOf(JSON.stringify({ ...fields, stream_options: undefined })) % 999
}

interface StreamInfo {
  readonly id: string
  readonly model: string
  readonly usage: boolean
}

async function streamChat(exchange: Exchange, generation: Generation, info: StreamInfo): Promise<void> {
  const chunk = (delta: object, finish: string | null, model = info.model): object => ({
    ...head(info.id, 'chat.completion.chunk', model),
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
  let called = false
  const fate = await streamParts(generation, (part) => {
    called ||= part.kind === 'tool'
    return writeEvent(exchange, chunk(chatDelta(part), null))
  })
  const empty = { role: 'assistant', content: '' }
  if (fate === 'died') {
    await writeEvent(exchange, chunk(empty, null, ''))
    return exchange.answer.end()
  }
  const metrics = generation.metrics()
  const last = [chunk(empty, called ? 'tool_calls' : metrics.doneReason)]
  if (info.usage)
    last.push({ ...head(info.id, 'chat.completion.chunk', info.model), choices: [], usage: usageOf(metrics) })
  await finish(exchange, last)
}

async function streamCompletion(exchange: Exchange, generation: Generation, info: StreamInfo): Promise<void> {
  const zero = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }
  const chunk = (text: string, reason: string | null, model = info.model): object => ({
    ...head(info.id, 'text_completion', model),
    choices: [{ text, index: 0, finish_reason: reason }],
    ...(info.usage ? { usage: zero } : {}),
  })
  const fate = await streamParts(generation, (part) =>
    writeEvent(exchange, chunk(part.kind === 'content' ? part.text : '', null)),
  )
  if (fate === 'died') {
    await writeEvent(exchange, chunk('', null, ''))
    return exchange.answer.end()
  }
  const metrics = generation.metrics()
  const last = [chunk('', metrics.doneReason)]
  if (info.usage) last.push({ ...head(info.id, 'text_completion', info.model), choices: [], usage: usageOf(metrics) })
  await finish(exchange, last)
}

function chatDelta(part: Part): object {
  if (part.kind === 'tool') return { role: 'assistant', content: '', tool_calls: [openaiCall(part.call, 0)] }
  if (part.kind === 'content') return { role: 'assistant', content: part.text }
  return { role: 'assistant', content: '', reasoning: part.text }
}

function chatAnswer(id: string, model: string, answer: Collected): object {
  const message = {
    role: 'assistant',
    content: answer.text,
    ...(answer.thinking === '' ? {} : { reasoning: answer.thinking }),
    ...(answer.calls.length === 0 ? {} : { tool_calls: answer.calls.map(openaiCall) }),
  }
  const reason = answer.calls.length === 0 ? answer.metrics.doneReason : 'tool_calls'
  return {
    ...head(id, 'chat.completion', model),
    choices: [{ index: 0, message, finish_reason: reason }],
    usage: usageOf(answer.metrics),
  }
}

function openaiCall(call: ToolCall, index: number): object {
  const called = { name: call.name, arguments: JSON.stringify(call.arguments) }
  return { id: callId(call), index, type: 'function', function: called }
}

function head(id: string, object: string, model: string): object {
  return { id, object, created: Math.floor(Date.now() / 1000), model, system_fingerprint: 'fp_ollama' }
}

function usageOf(metrics: Metrics): object {
  const { promptTokens, answerTokens } = metrics
  return { prompt_tokens: promptTokens, completion_tokens: answerTokens, total_tokens: promptTokens + answerTokens }
}

function wantsUsage(fields: Fields): boolean {
  return recordField(fields, 'stream_options')['include_usage'] === true
}

function wantedThinking(fields: Fields): boolean | undefined {
  const reasoning = fields['reasoning']
  const effort = fields['reasoning_effort'] ?? (isRecord(reasoning) ? reasoning['effort'] : undefined)
  return effort === undefined ? undefined : effort !== 'none'
}

function writeEvent(exchange: Exchange, value: object): Promise<void> {
  if (!exchange.answer.started) exchange.answer.head(200, [['Content-Type', 'text/event-stream']])
  return exchange.answer.write(`data: ${encode(value)}\n\n`)
}

/** The last events leave in one flush. */
async function finish(exchange: Exchange, events: readonly object[]): Promise<void> {
  if (!exchange.answer.started) exchange.answer.head(200, [['Content-Type', 'text/event-stream']])
  await exchange.answer.write(`${events.map((event) => `data: ${encode(event)}\n\n`).join('')}data: [DONE]\n\n`)
  await exchange.answer.end()
}

export function sendLine(exchange: Exchange, value: object): Promise<void> {
  return send(exchange.answer, 200, { type: 'application/json', body: `${encode(value)}\n` })
}
