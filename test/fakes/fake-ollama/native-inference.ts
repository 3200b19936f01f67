import { JSON_TYPE, send, type Answer } from './answer.ts'
import { decideThinking, findModel, generate, loadOnly, runSettings, type Engine } from './engine.ts'
import { jsonBody, listField, recordField, textField, type Exchange } from './exchange.ts'
import type { Generation, Job, Metrics, Part, ToolCall } from './generation.ts'
import { encode, type Fields } from './go-json.ts'
import { OllamaError } from './ollama-error.ts'
import { renderMessages, toolToCall } from './prompt.ts'
import { CHAT, GENERATE } from './request-shapes.ts'
import { seedOf } from './words.ts'

/** What differs between `/api/generate` and `/api/chat`: how one piece and the end of an answer look. */
interface Spelling {
  piece(part: Part): object
  whole(answer: Collected): object
  readonly context: ((answer: string) => readonly number[]) | undefined
}

interface Collected {
  text: string
  thinking: string
  calls: ToolCall[]
}

export async function handleGenerate(engine: Engine, exchange: Exchange): Promise<void> {
  const fields = await jsonBody(exchange, GENERATE)
  const spelled = textField(fields, 'model')
  const model = findModel(engine, spelled)
  const settings = runSettings(model, recordField(fields, 'options'), fields['keep_alive'])
  const prompt = textField(fields, 'prompt')
  if (prompt === '') {
    const reason = await loadOnly(engine, model, { settings, signal: exchange.signal })
    return sendWhole(exchange.answer, {
      model: spelled,
      created_at: timestamp(),
      response: '',
      done: true,
      done_reason: reason,
    })
  }
  const think = decideThinking(model, spelled, fields['think'])
  const rendered = `${textField(fields, 'system')}${prompt}`
  const job: Job = { model, prompt: rendered, think, tool: undefined, ...settings }
  const context = fields['raw'] === true ? undefined : contextOf(rendered, engine.options.charactersPerToken)
  await answerNatively(engine, exchange, { job, fields, spelling: { ...GENERATE_SPELLING, context } })
}

export async function handleChat(engine: Engine, exchange: Exchange): Promise<void> {
  const fields = await jsonBody(exchange, CHAT)
  const spelled = textField(fields, 'model')
  if (spelled === '') throw new OllamaError(400, 'model is required')
  const model = findModel(engine, spelled)
  const settings = runSettings(model, recordField(fields, 'options'), fields['keep_alive'])
  const messages = listField(fields, 'messages')
  if (messages.length === 0) {
    const reason = await loadOnly(engine, model, { settings, signal: exchange.signal })
    const message = { role: 'assistant', content: '' }
    return sendWhole(exchange.answer, {
      model: spelled,
      created_at: timestamp(),
      message,
      done: true,
      done_reason: reason,
    })
  }
  const think = decideThinking(model, spelled, fields['think'])
  const tool = toolToCall(listField(fields, 'tools'), messages)
  const job: Job = { model, prompt: renderMessages(messages), think, tool, ...settings }
  await answerNatively(engine, exchange, { job, fields, spelling: CHAT_SPELLING })
}

interface NativeAnswer {
  readonly job: Job
  readonly fields: Fields
  readonly spelling: Spelling
}

async function answerNatively(engine: Engine, exchange: Exchange, native: NativeAnswer): Promise<void> {
  const generation = await generate(engine, native.job, exchange)
  if (native.fields['stream'] === false) return answerWhole(exchange.answer, generation, native)
  const model = textField(native.fields, 'model')
  const line = (value: object): string => `${encode({ model, created_at: timestamp(), ...value })}\n`
  let text = ''
  try {
    for await (const part of generation.parts) {
      startStream(exchange.answer)
      if (part.kind !== 'tool') text += part.text
      await exchange.answer.write(line({ ...native.spelling.piece(part), done: false }))
    }
  } catch (error) {
    if (!(error instanceof OllamaError) || !exchange.answer.started) throw error
    await exchange.answer.write(`${encode({ error: error.message })}\n`)
    return exchange.answer.end()
  }
  startStream(exchange.answer)
  const nothing = native.spelling.piece({ kind: 'content', text: '' })
  await exchange.answer.write(line({ ...nothing, ...ending(generation.metrics(), native.spelling, text) }))
  await exchange.answer.end()
}

async function answerWhole(answer: Answer, generation: Generation, native: NativeAnswer): Promise<void> {
  const collected: Collected = { text: '', thinking: '', calls: [] }
  for await (const part of generation.parts) {
    if (part.kind === 'tool') collected.calls.push(part.call)
    else if (part.kind === 'thinking') collected.thinking += part.text
    else collected.text += part.text
  }
  await sendWhole(answer, {
    model: textField(native.fields, 'model'),
    created_at: timestamp(),
    ...native.spelling.whole(collected),
    ...ending(generation.metrics(), native.spelling, collected.text),
  })
}

const GENERATE_SPELLING: Spelling = {
  piece: (part) => {
    if (part.kind === 'tool') return { response: '' }
    return part.kind === 'content' ? { response: part.text } : { response: '', thinking: part.text }
  },
  whole: ({ text, thinking }) => ({ response: text, ...(thinking === '' ? {} : { thinking }) }),
  context: undefined,
}

const CHAT_SPELLING: Spelling = {
  piece: (part) => {
    if (part.kind === 'tool')
      return { message: { role: 'assistant', content: '', tool_calls: [nativeCall(part.call)] } }
    const spoken = part.kind === 'content' ? { content: part.text } : { content: '', thinking: part.text }
    return { message: { role: 'assistant', ...spoken } }
  },
  whole: ({ text, thinking, calls }) => ({
    message: {
      role: 'assistant',
      content: text,
      ...(thinking === '' ? {} : { thinking }),
      ...(calls.length === 0 ? {} : { tool_calls: calls.map(nativeCall) }),
    },
  }),
  context: undefined,
}

function nativeCall(call: ToolCall): object {
  return { id: callId(call), function: { index: 0, name: call.name, arguments: call.arguments } }
}

export function callId(call: ToolCall): string {
  return `call_${seedOf(call.name).toString(36).padStart(8, '0').slice(-8)}`
}

/** Zeros are left out, as Go's `omitempty` does. */
function ending(metrics: Metrics, spelling: Spelling, text: string): object {
  return {
    done: true,
    done_reason: metrics.doneReason,
    ...(spelling.context === undefined ? {} : { context: spelling.context(text) }),
    total_duration: metrics.totalNs,
    load_duration: metrics.loadNs,
    prompt_eval_count: metrics.promptTokens,
    prompt_eval_duration: metrics.promptNs,
    eval_count: metrics.answerTokens,
    eval_duration: metrics.answerNs,
  }
}

function contextOf(prompt: string, charactersPerToken: number): (answer: string) => number[] {
  return (answer) =>
    Array.from(
      { length: Math.ceil((prompt.length + answer.length) / charactersPerToken) },
      (_, index) => 300 + (index % 90),
    )
}

function startStream(answer: Answer): void {
  if (!answer.started) answer.head(200, [['Content-Type', 'application/x-ndjson']])
}

function sendWhole(answer: Answer, value: object): Promise<void> {
  return send(answer, 200, { type: JSON_TYPE, body: encode(value) })
}

/** RFC 3339 with nanoseconds, which JavaScript does not have. */
export function timestamp(date = new Date()): string {
  return date.toISOString().replace('Z', '123456Z')
}
